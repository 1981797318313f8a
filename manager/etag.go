package manager

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"picloud"
	"picloud/store"
)

// etag is a version as an entity tag (RFC 9110, section 8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// ConditionInput is a part of operations' inputs, like NameInput.
type ConditionInput struct {
	IfMatch string `header:"If-Match" doc:"the ETag the write is meant for, a list of them, or *; 412 if the script has another by now"`

	lines []string // of IfMatch huma has only the first, and not whether it is there
}

// Resolve is huma's hook to get at a request.
func (c *ConditionInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	c.lines = r.Header.Values("If-Match")
	return nil
}

// condition is what If-Match asks of the script that is there (RFC 9110, section
// 13.1.1). The zero condition asks nothing.
type condition struct {
	given bool
	any   bool     // "*": that there is one
	tags  []string // that it has one of these ETags, quotes included
}

func (c *ConditionInput) condition() (condition, error) {
	if c.lines == nil {
		return condition{}, nil
	}
	list := strings.Join(c.lines, ",") // section 5.3
	if strings.Trim(list, " \t") == "*" {
		return condition{given: true, any: true}, nil
	}
	tags, ok := entityTags(list)
	if !ok {
		return condition{}, &picloud.Error{
			Code:    picloud.CodeBadRequest,
			Message: `If-Match must be an ETag, such as "3", a list of them, or *`,
		}
	}
	return condition{given: true, tags: tags}, nil
}

// entityTags reads a list of one tag or more. Weak ones are left out: no script
// has one, and If-Match compares strongly.
func entityTags(list string) (strong []string, ok bool) {
	for {
		list = strings.TrimLeft(list, " \t,")
		if list == "" {
			return strong, ok
		}
		tag, weak := strings.CutPrefix(list, "W/")
		if tag[:min(1, len(tag))] != `"` {
			return nil, false
		}
		end := strings.IndexFunc(tag[1:], func(c rune) bool { return c <= ' ' || c == '"' || c == 0x7f }) + 1
		if end == 0 || tag[end] != '"' {
			return nil, false
		}
		list = strings.TrimLeft(tag[end+1:], " \t")
		if list != "" && list[0] != ',' {
			return nil, false
		}
		ok = true
		if !weak {
			strong = append(strong, tag[:end+1])
		}
	}
}

// check says whether the script called name may be written. err is that of having
// read it, and comes back if it is no answer.
func (c condition) check(name string, s store.Script, err error) error {
	missing := picloud.ErrorCode(err) == picloud.CodeScriptNotFound
	switch {
	case !c.given || err != nil && !missing:
		return err
	case !missing && (c.any || slices.Contains(c.tags, etag(s.Version))):
		return nil
	case missing:
		return &picloud.Error{
			Code:    picloud.CodeVersionConflict,
			Message: "there is no script called " + strconv.Quote(name) + ", and If-Match asks for one",
		}
	}
	return &picloud.Error{
		Code:    picloud.CodeVersionConflict,
		Message: "script " + strconv.Quote(name) + " is at version " + strconv.FormatInt(s.Version, 10) + ", which If-Match does not name",
		Hint:    "read the script again and repeat the change on what it is now",
	}
}

// conditional has write replace or remove the script called name while it meets
// the condition. Whenever another write comes in between, what that has made of the
// script is looked at anew.
func (m *Manager) conditional(ctx context.Context, name string, c condition, write func(version int64) error) error {
	if !c.given {
		return write(store.AnyVersion)
	}
	for {
		s, err := m.config.Store.Script(ctx, name)
		if err := c.check(name, s, err); err != nil {
			return err
		}
		err = write(s.Version)
		if code := picloud.ErrorCode(err); code != picloud.CodeVersionConflict && code != picloud.CodeScriptNotFound {
			return err
		}
	}
}
