package report

import (
	"fmt"
	"html"
	"strings"
)

// The plot's measures, in pixels.
const (
	plotWidth, labelWidth, valueWidth = 760, 170, 90
	barHeight, barGap, panelGap       = 18, 6, 46
)

// Plot draws the speed of all sides as an SVG image: a panel of bars for each
// measure, on a white ground so that it can be read in any page.
func Plot(r *Run) string {
	panels := []struct {
		title string
		of    func(Side) float64
	}{
		{fmt.Sprintf("requests/s, %d clients (more is better)", r.Clients), func(s Side) float64 { return s.Saturated.PerSecond() }},
		{fmt.Sprintf("CPU µs a call, %d clients, server and children (less is better)", r.Clients), func(s Side) float64 { return s.Saturated.CPU() }},
		{fmt.Sprintf("p50 in µs at %.0f requests/s (less is better)", r.Rate), func(s Side) float64 { return s.Steady.P50() }},
		{fmt.Sprintf("p99 in µs at %.0f requests/s (less is better)", r.Rate), func(s Side) float64 { return s.Steady.P99() }},
	}
	var b strings.Builder
	y := 10
	for _, panel := range panels {
		y += panelGap - 20
		fmt.Fprintf(&b, "<text x=\"10\" y=\"%d\" font-weight=\"bold\">%s</text>\n", y, html.EscapeString(panel.title))
		y += 12
		most := 0.0
		for _, s := range r.Sides {
			most = max(most, panel.of(s))
		}
		for _, s := range r.Sides {
			width := 0.0
			if most > 0 {
				width = panel.of(s) / most * (plotWidth - labelWidth - valueWidth)
			}
			colour := "#9aa5b1"
			if s.Own {
				colour = "#2f6fab"
			}
			middle := y + barHeight/2 + 4
			fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", labelWidth-8, middle, html.EscapeString(s.Name))
			fmt.Fprintf(&b, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", labelWidth, y, width, barHeight, colour)
			fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", labelWidth+width+6, middle, thousands(panel.of(s)))
			y += barHeight + barGap
		}
	}
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"13\">\n"+
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n%s</svg>\n", plotWidth, y+10, b.String())
}
