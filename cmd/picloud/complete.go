package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// completeCommand is what the shells ask: given the words behind "picloud", the
// last of them begun or empty, it prints what that may become, a line each, with
// what it means behind a tab. The line ":files" stands for the names of files.
func completeCommand() *cli.Command {
	return &cli.Command{
		Name:            "complete",
		Usage:           "print what the last of some words may become",
		Hidden:          true,
		SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if len(words) > 0 && words[0] == "--" {
				words = words[1:]
			}
			if len(words) == 0 {
				words = []string{""}
			}
			for _, candidate := range complete(c, words) {
				fmt.Fprintln(c.App.Writer, candidate)
			}
			return nil
		},
	}
}

const filesCandidate = ":files"

// complete gives the candidates for the last word.
func complete(c *cli.Context, words []string) []string {
	before, last := words[:len(words)-1], words[len(words)-1]
	commands, command := c.App.Commands, (*cli.Command)(nil)
	for len(before) > 0 {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.Name == before[0] })
		if i < 0 {
			break
		}
		command = commands[i]
		commands, before = command.Subcommands, before[1:]
	}
	var candidates []string
	offer := func(name, usage string) {
		if strings.HasPrefix(name, last) {
			candidates = append(candidates, name+"\t"+usage)
		}
	}
	if command != nil && len(before) > 0 {
		if flag := strings.TrimLeft(before[len(before)-1], "-"); flag != before[len(before)-1] && takesValue(command, flag) {
			for _, value := range flagValues(flag) {
				if value == filesCandidate {
					return []string{value}
				}
				offer(value, "")
			}
			return candidates
		}
	}
	if strings.HasPrefix(last, "-") {
		if command != nil {
			offerFlags(command, offer)
		}
		offer("--help", "show help")
		return candidates
	}
	arguments := before
	if command != nil {
		_, arguments = splitFlags(command, before)
	}
	if len(arguments) == 0 {
		for _, sub := range commands {
			if !sub.Hidden {
				offer(sub.Name, sub.Usage)
			}
		}
	}
	if command != nil {
		for _, value := range argumentValues(c.Context, command, len(arguments), words) {
			if value == filesCandidate {
				return []string{value}
			}
			offer(value, "")
		}
	}
	return candidates
}

func offerFlags(command *cli.Command, offer func(name, usage string)) {
	for _, f := range command.Flags {
		documented, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		offer(dashed(f.Names()[0]), strings.ReplaceAll(documented.GetUsage(), "`", ""))
	}
}

// flagValues are the values that a flag may have.
func flagValues(flag string) []string {
	switch flag {
	case "output", "o":
		return []string{outputTable, outputJSON}
	case "isolation":
		return []string{"required", "degraded"}
	case "log-level":
		return []string{"debug", "info", "warn", "error"}
	case "request", "X":
		return []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
	case "limit":
		return assignmentPrefixes()
	case "data-dir", "admin-socket":
		return []string{filesCandidate}
	}
	return nil
}

// argumentValues are the values that a command's argument number n may have.
func argumentValues(ctx context.Context, command *cli.Command, n int, words []string) []string {
	switch wanted := strings.Fields(strings.Trim(command.ArgsUsage, "[]")); {
	case len(wanted) == 0:
	case wanted[0] == "FILE" && n == 0:
		return []string{filesCandidate}
	case wanted[0] == "NAME" && n == 0:
		return scriptNames(ctx, words)
	case strings.Contains(wanted[0], "|") && n == 0:
		return strings.Split(wanted[0], "|")
	case strings.HasPrefix(wanted[len(wanted)-1], "FIELD=VALUE"):
		return assignmentPrefixes()
	case strings.HasPrefix(wanted[len(wanted)-1], "FIELD"):
		return limitNames()
	}
	return nil
}

func assignmentPrefixes() []string {
	var list []string
	for _, name := range limitNames() {
		list = append(list, name+"=")
	}
	return list
}

// completionPatience bounds how long somebody who pressed a key waits for the
// daemon.
const completionPatience = 5 * time.Second

// scriptNames asks the daemon that the words so far mean; there are none if it
// does not answer.
func scriptNames(ctx context.Context, words []string) []string {
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	var names []string
	app := &cli.App{
		Name:           "complete",
		Flags:          clientFlags(),
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   func(_ *cli.Context, err error, _ bool) error { return err },
		Action: func(c *cli.Context) error {
			client, err := newClient(c)
			if err != nil {
				return err
			}
			scripts, err := client.scripts(c.Context)
			for _, s := range scripts {
				names = append(names, s.Name)
			}
			return err
		},
	}
	flags, _ := splitFlags(&cli.Command{Flags: clientFlags()}, words[:len(words)-1])
	if err := app.RunContext(ctx, append([]string{"complete"}, flags...)); err != nil {
		return nil // there is nobody to tell: a shell shows candidates, not errors
	}
	return names
}
