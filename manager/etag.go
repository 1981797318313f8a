package manager

import (
	"context"
	"strconv"
	"strings"

	"picloud"
	"picloud/store"
)

// etag is a version as an entity tag (RFC 9110, section 8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// condition turns If-Match into the version a write is meant for. "*" asks that
// the script exists, whatever its version.
func (m *Manager) condition(ctx context.Context, name, ifMatch string) (int64, error) {
	if ifMatch == "" {
		return store.AnyVersion, nil
	}
	if ifMatch == "*" {
		s, err := m.config.Store.Script(ctx, name)
		if picloud.ErrorCode(err) == picloud.CodeScriptNotFound {
			return 0, &picloud.Error{
				Code:    picloud.CodeVersionConflict,
				Message: "there is no script of that name, as If-Match: * asks for",
			}
		}
		return s.Version, err
	}
	inner, ok := strings.CutPrefix(ifMatch, `"`)
	inner, ok2 := strings.CutSuffix(inner, `"`)
	version, err := strconv.ParseInt(inner, 10, 64)
	if !ok || !ok2 || err != nil || version < 1 {
		return 0, &picloud.Error{
			Code:    picloud.CodeBadRequest,
			Message: `If-Match must be one ETag, such as "3", or *`,
		}
	}
	return version, nil
}
