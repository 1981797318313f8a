package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// table is rows of cells, aligned. text/tabwriter would count colours as text.
type table struct {
	palette
	columns []column
	rows    [][]string
}

type column struct {
	title string
	right bool // for numbers
}

func left(title string) column  { return column{title, false} }
func right(title string) column { return column{title, true} }

func newTable(p palette, columns ...column) *table {
	t := &table{palette: p, columns: columns}
	var titles []string
	for _, c := range columns {
		titles = append(titles, p.paint(bold, c.title))
	}
	t.add(titles...)
	return t
}

// add adds a row, of as many cells as there are columns. Cells may be painted.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) error {
	widths := make([]int, len(t.columns))
	for _, row := range t.rows {
		for i, text := range row {
			widths[i] = max(widths[i], visibleWidth(text))
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		for i, text := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			gap := strings.Repeat(" ", widths[i]-visibleWidth(text))
			if t.columns[i].right {
				text = gap + text
			} else {
				text += gap
			}
			line.WriteString(text)
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func visibleWidth(text string) int { return utf8.RuneCountInString(sgr.ReplaceAllString(text, "")) }
