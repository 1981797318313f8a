package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Page puts a run's tables into a page: what stands between the lines
//
//	<!-- bench: NAME -->
//	<!-- bench: end -->
//
// is replaced by the table called NAME; the names machine and sides stand for
// where it was run and what was run. It fails if the page wants what there is not,
// or does not have everything.
func Page(page string, r *Run) (string, error) {
	parts := map[string]string{"machine": r.where(), "sides": r.what()}
	for _, t := range Tables(r, nil) {
		parts[t.Name] = t.Markdown()
	}
	const begin, middle, end = "<!-- bench: ", " -->\n", "<!-- bench: end -->\n"
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(page, begin)
		b.WriteString(before)
		if !found {
			break
		}
		name, rest, named := strings.Cut(rest, middle)
		_, after, ended := strings.Cut(rest, end)
		part, known := parts[name]
		if !named || !ended || !known {
			return "", fmt.Errorf("%q does not begin a table that ends: there are %q, each once", name, slices.Sorted(maps.Keys(parts)))
		}
		delete(parts, name)
		b.WriteString(begin + name + middle + "\n" + part + "\n" + end)
		page = after
	}
	if len(parts) > 0 {
		return "", fmt.Errorf("the page has no place for %q", slices.Sorted(maps.Keys(parts)))
	}
	return b.String(), nil
}

// where says all that a figure depends on.
func (r *Run) where() string {
	s := fmt.Sprintf("%s; on %s. Isolation in force: %s. %d rounds.", r.Date, r.Machine, r.Isolation, r.Rounds)
	if r.Quick {
		s += " A quick run: not for quoting."
	}
	for _, name := range slices.Sorted(maps.Keys(r.Absent)) {
		s += fmt.Sprintf(" Not measured: %s (%s).", name, r.Absent[name])
	}
	return s + "\n"
}

func (r *Run) what() string {
	var b strings.Builder
	for _, s := range r.Sides {
		fmt.Fprintf(&b, "- **%s**: %s\n", s.Name, s.What)
	}
	return b.String()
}
