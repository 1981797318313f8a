package main

import (
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"
)

// Values of --output.
const (
	outputTable = "table"
	outputJSON  = "json"
)

// outputFlag belongs to every command that shows something.
func outputFlag() cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: outputTable,
		Usage: "`FORMAT`: table for people, json for programs",
		Action: func(_ *cli.Context, format string) error {
			if format != outputTable && format != outputJSON {
				return usageHint(didYouMean(format, []string{outputTable, outputJSON}, "give json to programs, table to people"),
					"--output is %q; it may be table or json", format)
			}
			return nil
		}}
}

func asJSON(c *cli.Context) bool { return c.String("output") == outputJSON }

// printJSON is what --output json prints: one document, indented.
func printJSON(c *cli.Context, value any) error {
	var document strings.Builder
	encoder := json.NewEncoder(&document)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	return printText(c.App.Writer, document.String())
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// style is an SGR parameter, see console_codes(4).
type style string

const (
	bold   style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// palette colours text, or does not: only a terminal gets colours, and not where
// NO_COLOR is set (https://no-color.org) or the terminal is a dumb one.
type palette bool

func paletteFor(w io.Writer) palette {
	return palette(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (p palette) paint(s style, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// harmless takes from a text what could steer a terminal: control characters but
// for line breaks and tabs. What scripts send and say goes through it on its way
// to a terminal.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, text)
}

// printText prints a text that may have anything in it: as it is to a file or
// pipe; to a terminal harmless, and with a line break at its end.
func printText(w io.Writer, text string) error {
	if isTerminal(w) {
		if text = harmless(text); text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
	}
	_, err := io.WriteString(w, text)
	return err
}
