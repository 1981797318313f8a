package daemon

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"picloud"
	"picloud/orchestrator"
	"picloud/orchestrator/compiled"
	"picloud/supervisor"
)

// registerMetrics registers everything /metrics shows.
func registerMetrics(r *prometheus.Registry, sup *supervisor.Supervisor, scripts *compiled.Scripts, public *connections) (*orchestrator.Metrics, error) {
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		poolCollector{sup},
		connectionCollector{public},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "picloud_compiled_scripts",
			Help: "Scripts whose compiled form is remembered.",
		}, func() float64 { return float64(scripts.Forms()) }),
	} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return orchestrator.NewMetrics(r)
}

// poolCollector reads the supervisor's Stats when it is scraped, so that
// nothing is counted twice or in between.
type poolCollector struct{ supervisor *supervisor.Supervisor }

func descriptions() (workers, limit, waiting, spawned, failures, isolation, spawner, info *prometheus.Desc) {
	d := prometheus.NewDesc
	return d("picloud_workers", "Worker processes by state.", []string{"state"}, nil),
		d("picloud_workers_max", "How many invocations may run at a time.", nil, nil),
		d("picloud_queue_waiting", "Requests that wait for a worker.", nil, nil),
		d("picloud_workers_spawned_total", "Worker processes started.", nil, nil),
		d("picloud_worker_start_failures_total", "Worker processes that could not be started, or died before they had a job.", nil, nil),
		d("picloud_isolation_degraded", "1 if the workers are held without cgroup v2 or without namespaces, else 0.", []string{"mode"}, nil),
		d("picloud_spawner", "Always 1; how workers are made is in the label.", []string{"kind"}, nil),
		d("picloud_info", "Always 1.", []string{"version"}, nil)
}

func (c poolCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

func (c poolCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.supervisor.Stats()
	workers, limit, waiting, spawned, failures, isolation, spawner, info := descriptions()
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	gauge(workers, s.Idle, "idle")
	gauge(workers, s.Starting, "starting")
	gauge(workers, s.Running, "running")
	gauge(limit, s.Workers)
	gauge(waiting, s.Waiting)
	ch <- prometheus.MustNewConstMetric(spawned, prometheus.CounterValue, float64(s.Spawned))
	ch <- prometheus.MustNewConstMetric(failures, prometheus.CounterValue, float64(s.Failures))
	degraded := 0
	if s.Degraded() {
		degraded = 1
	}
	gauge(isolation, degraded, string(s.Mode))
	gauge(spawner, 1, string(s.Spawner))
	gauge(info, 1, picloud.Product)
}

// connectionCollector reads the public connections' Stats when it is scraped.
type connectionCollector struct{ connections *connections }

func (c connectionCollector) Describe(ch chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, ch)
}

func (c connectionCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.connections.Stats()
	metric := func(name, help string, t prometheus.ValueType, v float64) {
		ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), t, v)
	}
	metric("picloud_connections", "Public connections that are open.", prometheus.GaugeValue, float64(s.Open))
	metric("picloud_connections_max", "How many public connections may be open.", prometheus.GaugeValue, float64(s.Max))
	metric("picloud_connections_evicted_total", "Connections without a request that were closed to make room.",
		prometheus.CounterValue, float64(s.Evicted))
}
