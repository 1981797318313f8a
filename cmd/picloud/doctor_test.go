package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/urfave/cli/v2"

	"picloud/daemon/doctor"
)

func TestWriteReport(t *testing.T) {
	report := doctor.Report{Status: doctor.Failure, Findings: []doctor.Finding{
		{Check: "kernel", Result: doctor.Result{Status: doctor.OK, Detail: "new enough"}},
		{Check: "memory controller", Result: doctor.Result{Status: doctor.Failure, Detail: "off", Hint: "reboot"}},
		{Check: "swap", Result: doctor.Result{Status: doctor.Warning, Detail: "slow", Hint: "swapoff"}},
	}}
	const plain = `CHECK              RESULT   FOUND
kernel             ok       new enough
memory controller  failure  off
                            do: reboot
swap               warning  slow
                            do: swapoff
1 ok, warnings: 1, failures: 1
`
	var b bytes.Buffer
	if err := writeReport(&b, report, false); err != nil || b.String() != plain {
		t.Errorf("%v\n%s", err, b.String())
	}
	b.Reset()
	if err := writeReport(&b, report, true); err != nil || !strings.Contains(b.String(), "\nmemory controller  \x1b[31mfailure\x1b[0m  off\n") ||
		!strings.Contains(b.String(), "\nkernel             \x1b[32mok     \x1b[0m  new enough\n") {
		t.Errorf("%v\n%q", err, b.String())
	}
}

// What is no terminal gets no colours; nor does one whose user asks for none.
func TestColours(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	if !paletteFor(terminal) || paletteFor(file) || paletteFor(&bytes.Buffer{}) {
		t.Errorf("terminal %t, file %t, buffer %t", paletteFor(terminal), paletteFor(file), paletteFor(&bytes.Buffer{}))
	}
	t.Setenv("TERM", "dumb")
	if paletteFor(terminal) {
		t.Error("colours on a dumb terminal")
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	if paletteFor(terminal) {
		t.Error("colours in spite of NO_COLOR")
	}
}

func TestDoctorSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"PICLOUD_DATA_DIR", "STATE_DIRECTORY", "RUNTIME_DIRECTORY", "PICLOUD_ADMIN_SOCKET", "DATABASE_URL",
		"PICLOUD_ISOLATION", "PICLOUD_WORKERS"} {
		t.Setenv(name, "") // restores what was
		os.Unsetenv(name)
	}
	t.Setenv("PICLOUD_WORKER", "/w")
	nothing := fstest.MapFS{}
	service := fstest.MapFS{
		"lib/systemd/system/picloud.service": {Data: []byte("[Service]\n")},
		"etc/picloud/picloud.env":            {Data: []byte("DATABASE_URL=postgres://h/d\nPICLOUD_WORKERS=3\nPICLOUD_ISOLATION=degraded\n")},
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		files                            fstest.MapFS
		args                             []string
		dir, socket, database, isolation string
		workers                          int
	}{
		"no service":         {nothing, nil, here + "/picloud-data", here + "/picloud-data/admin.sock", "", "required", 0},
		"a service":          {service, nil, "/var/lib/picloud", "/run/picloud/admin.sock", "postgres://h/d", "degraded", 3},
		"a flag counts more": {service, []string{"--workers", "7"}, "/var/lib/picloud", "/run/picloud/admin.sock", "postgres://h/d", "degraded", 7},
		"another place":      {service, []string{"--data-dir", "/d"}, "/d", "/d/admin.sock", "", "required", 0},
		"another socket":     {service, []string{"--admin-socket", "/a.sock"}, "/var/lib/picloud", "/a.sock", "postgres://h/d", "degraded", 3},
		"a service elsewhere": {fstest.MapFS{
			"lib/systemd/system/picloud.service": {Data: []byte("[Service]\n")},
			"etc/picloud/picloud.env":            {Data: []byte("PICLOUD_DATA_DIR=/srv\n")},
		}, nil, "/srv", "/run/picloud/admin.sock", "", "required", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var got doctor.Settings
			command := doctorCommand()
			command.Action = func(c *cli.Context) (err error) {
				got, err = doctorSettings(c, c.App.Metadata["files"].(fstest.MapFS))
				return err
			}
			app := &cli.App{Name: "picloud", Commands: []*cli.Command{command}, Metadata: map[string]any{"files": c.files}}
			if err := app.RunContext(context.Background(), append([]string{"picloud", "doctor"}, c.args...)); err != nil {
				t.Fatal(err)
			}
			if got.DataDir != c.dir || got.AdminSocket != c.socket || got.DatabaseURL != c.database ||
				string(got.Isolation) != c.isolation || got.Workers != c.workers || got.Worker != "/w" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestDoctorUsage(t *testing.T) {
	for _, args := range [][]string{{"x"}, {"--output", "xml"}, {"--isolation", "some"}, {"--workers", "-1"}, {"--unknown"}} {
		var out, errs bytes.Buffer
		if code := run(context.Background(), append([]string{"picloud", "doctor"}, args...), &out, &errs); code != exitUsage {
			t.Errorf("%q: %d %s", args, code, errs.String())
		}
	}
}
