package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"picloud"
	"picloud/daemon"
	"picloud/daemon/doctor"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "examine whether this machine can run PiCloud, and what to do if not",
		Description: "Looks at the kernel, cgroup v2, memory, the worker, the database and a daemon that\n" +
			"runs, and has one sandboxed hello run. It changes nothing, and works without the\n" +
			"daemon; as root it sees more. What is not set here is taken from the installed\n" +
			"service, if there is one. Exits with 1 if any check fails; warnings are no failure.",
		Flags: []cli.Flag{
			dataDirFlag(),
			databaseFlag(),
			adminSocketFlag(),
			&cli.StringFlag{Name: "isolation", EnvVars: []string{"PICLOUD_ISOLATION"}, Value: string(daemon.IsolationRequired),
				Usage: "what serve is to run with: with degraded, what it can do without is a warning"},
			&cli.IntFlag{Name: "workers", EnvVars: []string{"PICLOUD_WORKERS"},
				Usage: "invocations at a time that serve is to run with; 0: from CPU count and memory"},
			outputFlag(),
		},
		Action: diagnose,
	}
}

func diagnose(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("doctor takes no arguments, only flags; got %q", c.Args().First())
	}
	settings, err := doctorSettings(c, os.DirFS("/"))
	if err != nil {
		return err
	}
	report := doctor.Examine(c.Context, doctor.Live(settings))
	if asJSON(c) {
		err = printJSON(c, report)
	} else {
		err = writeReport(c.App.Writer, report, paletteFor(c.App.Writer))
	}
	if err != nil || report.Status != doctor.Failure {
		return err
	}
	return &picloud.Error{
		Code:    picloud.CodeCannotStart,
		Message: fmt.Sprintf("PiCloud cannot serve here as it is: %d of %d checks failed", report.Count(doctor.Failure), len(report.Findings)),
		Hint:    "do what the first of them says, and run picloud doctor again",
	}
}

// doctorSettings are those serve would have here; if nothing names a data
// directory and there is none where we stand, those of the installed service.
func doctorSettings(c *cli.Context, files fs.FS) (doctor.Settings, error) {
	s := doctor.Settings{From: "as for picloud serve here"}
	data, socket := dataDir(c), adminSocket(c)
	_, err := os.Stat(data)
	here := c.IsSet("data-dir") || os.Getenv("STATE_DIRECTORY") != "" || err == nil
	if !here && doctor.ServiceUnit(files) != "" {
		s.From = "those of the installed service"
		env, err := doctor.ServiceEnvironment(files)
		if errors.Is(err, fs.ErrPermission) {
			s.Unreadable = doctor.EnvironmentFile
		} else if err != nil {
			return s, err
		}
		if err := setFrom(c, env); err != nil {
			return s, err
		}
		data, socket = "/var/lib/picloud", "/run/picloud/admin.sock"
		if c.IsSet("data-dir") {
			data = dataDir(c)
		}
		if path := c.String("admin-socket"); path != "" {
			socket = path
		}
		if worker := env["PICLOUD_WORKER"]; worker != "" && os.Getenv("PICLOUD_WORKER") == "" {
			s.Worker = worker
		}
	}
	if s.DataDir, err = filepath.Abs(data); err != nil {
		return s, err
	}
	if s.AdminSocket, err = filepath.Abs(socket); err != nil {
		return s, err
	}
	if s.Worker == "" {
		s.Worker, s.WorkerErr = workerPath()
	}
	s.DatabaseURL = c.String("database-url")
	s.Isolation = daemon.Isolation(stringOr(c, "isolation", string(daemon.IsolationRequired)))
	s.Workers = c.Int("workers")
	if err := (daemon.Config{Isolation: s.Isolation, Spawner: daemon.SpawnerAuto, Workers: s.Workers}).Validate(); err != nil {
		return s, usageError{error: err}
	}
	return s, nil
}

// setFrom sets the flags that are not set from an environment that is not ours.
func setFrom(c *cli.Context, env map[string]string) error {
	for _, f := range c.Command.Flags {
		variables, ok := f.(cli.DocGenerationFlag)
		if !ok || c.IsSet(f.Names()[0]) {
			continue
		}
		for _, name := range variables.GetEnvVars() {
			if env[name] == "" {
				continue
			}
			if err := c.Set(f.Names()[0], env[name]); err != nil {
				return usagef("%s in %s: %w", name, doctor.EnvironmentFile, err)
			}
		}
	}
	return nil
}

// writeReport writes an aligned table, with what to do below each finding.
func writeReport(w io.Writer, report doctor.Report, p palette) error {
	width := len("CHECK")
	for _, f := range report.Findings {
		width = max(width, len(f.Check))
	}
	styles := map[doctor.Status]style{doctor.OK: green, doctor.Warning: yellow, doctor.Failure: red}
	const status = len(doctor.Failure)
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s  %-*s  FOUND\n", width, "CHECK", status, "RESULT")
	for _, f := range report.Findings {
		word := p.paint(styles[f.Status], fmt.Sprintf("%-*s", status, f.Status))
		fmt.Fprintf(&b, "%-*s  %s  %s\n", width, f.Check, word, f.Detail)
		if f.Hint != "" {
			fmt.Fprintf(&b, "%*s  do: %s\n", width+2+status, "", f.Hint)
		}
	}
	fmt.Fprintf(&b, "%d ok, warnings: %d, failures: %d\n",
		report.Count(doctor.OK), report.Count(doctor.Warning), report.Count(doctor.Failure))
	_, err := io.WriteString(w, b.String())
	return err
}
