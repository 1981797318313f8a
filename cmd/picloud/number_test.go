package main

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "500": 500, "1000000": 1_000_000, "1_000_000": 1_000_000, "1,000,000": 1_000_000, "64,000": 64_000,
		"-5": -5, "-1,000": -1000, "9,223,372,036,854,775,807": math.MaxInt64,
	} {
		if got, err := parseNumber(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", " 1", "1 ", "1e6", "0x10", "1.5", "1,5", "1,00", "1,0000", "1000,000", ",100", "100,", "1__000", "1,000_000", "64MB", "many", "١٢٣",
	} {
		if got, err := parseNumber(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 65536: "65,536", 1_000_000: "1,000,000", -5: "-5", -999: "-999", -1000: "-1,000",
		math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := formatNumber(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
