package e2e

import (
	"strings"
	"testing"
	"time"
)

// spawnerInUse is what /readyz says of how workers are made; /metrics has to agree.
func (d *daemon) spawnerInUse() string {
	d.t.Helper()
	part, _ := d.request("GET", "/readyz", "").field("spawner").(object)
	kind, _ := part["kind"].(string)
	if metrics := d.request("GET", "/metrics", "").body; !strings.Contains(metrics, `picloud_spawner{kind="`+kind+`"} 1`) {
		return "" // it may have changed in between
	}
	return kind
}

// The daemon does as it is told, or chooses: exec first, and the zygote when it has
// proven itself. It answers all the time.
func TestSpawner(t *testing.T) {
	for told, steps := range map[string][]string{"exec": {"exec"}, "zygote": {"zygote"}, "auto": {"exec", "zygote"}} {
		t.Run(told, func(t *testing.T) {
			d := newDaemon(t, withEnv("PICLOUD_SPAWNER="+told))
			d.startForTest()
			d.deploy("hello", "return 'hello'")
			for _, kind := range steps {
				d.eventually("workers are made by "+kind, 20*time.Second, func() bool {
					d.run("hello").expect(t, 200, nil)
					return d.spawnerInUse() == kind
				})
			}
			d.run("hello").expect(t, 200, nil)
			d.atRest()
			d.eventually("one process makes workers", 5*time.Second, func() bool { return len(d.nurseries()) == 1 })
		})
	}
}
