// Package docs runs what the README and the pages of docs/ tell people to type,
// and checks what they claim against the programs.
//
// A page's commands stand in fenced blocks of the language console, in lines that
// begin with "$ "; a line that ends in a backslash goes on in the next one. What
// follows a command is what it prints, stdout and stderr together: all of it, with
// "…" for what differs from one run to the next, in a line or as a line of its
// own for any number of them. A command with nothing below it may print anything.
// It must succeed, unless a line of what it prints begins with "error:". Each
// block is a shell of its own, in the same folder as those before it.
//
// What stands behind the word console says where a block runs:
//
//	console         in a folder like the repository's with a daemon of `make run`
//	console make    at the root of the repository: targets of the Makefile
//	console vm      on a Debian 13 machine that the package is, or gets, installed on
//
// Other fenced blocks hold no commands. One with a file's name behind its
// language is put into that file before the commands that follow it are run.
//
// Nothing is left out in silence: Parse refuses a page with a command that is in
// no such block.
package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Class says where a block's commands run.
type Class string

// The classes, as they stand in a page.
const (
	Native Class = "console"
	Make   Class = "console make"
	VM     Class = "console vm"
)

// Page is a Markdown file.
type Page struct {
	Name   string
	Blocks []Block
}

// Block is a fenced block that does something: commands, or a file.
type Block struct {
	Line     int // in the page
	Class    Class
	Commands []Command
	File     string // the block is this file; it has no class
	Text     string // the file's
}

// Command is one command with what it prints.
type Command struct {
	Line   int
	Text   string
	Output []string // nil: anything
}

// Fails tells whether the command is shown to fail.
func (c Command) Fails() bool {
	return slices.ContainsFunc(c.Output, func(line string) bool { return strings.HasPrefix(line, "error:") })
}

// Pattern matches the whole of what the command may print, without spaces at its
// end.
func (c Command) Pattern() *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A`)
	for i, line := range c.Output {
		if line == "…" {
			b.WriteString(`(?:.*\n)*?`)
			continue
		}
		b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(strings.TrimRight(line, " ")), "…", ".*"))
		if i < len(c.Output)-1 {
			b.WriteString(` *\n`)
		} else {
			b.WriteString(` *\n?`)
		}
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

// plain are the languages of blocks without commands.
func plain() []string { return []string{"lua", "json", "text", "yaml", "ini", "mermaid"} }

// Parse reads a page.
func Parse(name, text string) (Page, error) {
	page := Page{Name: name}
	var open string // the language, and what stands behind it, of the block we are in
	var block Block
	for i, line := range strings.Split(text, "\n") {
		n := i + 1
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == "" && info == "":
			return page, fmt.Errorf("%s:%d: a fenced block without a language", name, n)
		case fence && open == "":
			open, block = info, Block{Line: n}
			if strings.HasPrefix(info, "console") {
				block.Class = Class(info)
				if !slices.Contains([]Class{Native, Make, VM}, block.Class) {
					return page, fmt.Errorf("%s:%d: nobody runs a block of %q", name, n, info)
				}
			} else if language, file, _ := strings.Cut(info, " "); !slices.Contains(plain(), language) {
				return page, fmt.Errorf("%s:%d: a block of the unknown language %q", name, n, language)
			} else {
				block.File = file
			}
		case fence:
			if block.Class != "" && len(block.Commands) == 0 {
				return page, fmt.Errorf("%s:%d: a block without a command", name, block.Line)
			}
			if block.Class != "" || block.File != "" {
				page.Blocks = append(page.Blocks, block)
			}
			open = ""
		case block.Class != "" && open != "":
			if err := block.add(n, line); err != nil {
				return page, fmt.Errorf("%s:%d: %w", name, n, err)
			}
		case strings.HasPrefix(strings.TrimSpace(line), "$ "):
			return page, fmt.Errorf("%s:%d: a command in no block that is run: %s", name, n, line)
		case open != "":
			block.Text += line + "\n"
		}
	}
	if open != "" {
		return page, fmt.Errorf("%s:%d: the block does not end", name, block.Line)
	}
	return page, nil
}

// add takes the next line of a block of commands.
func (b *Block) add(n int, line string) error {
	text, isCommand := strings.CutPrefix(line, "$ ")
	last := len(b.Commands) - 1
	switch {
	case last >= 0 && b.Commands[last].Output == nil && strings.HasSuffix(b.Commands[last].Text, `\`):
		b.Commands[last].Text += "\n" + line
	case isCommand:
		b.Commands = append(b.Commands, Command{Line: n, Text: text})
	case last < 0:
		return fmt.Errorf("%q stands before any command", line)
	default:
		b.Commands[last].Output = append(b.Commands[last].Output, line)
	}
	return nil
}
