package bytecode

import (
	"strings"
	"testing"
)

// dense is a source of 256 KiB with little room between its instructions.
func dense() string {
	const part = `function h(r,n)local t,s={n=n,a=1},0 for i=1,n do t[i]=i*2+(r.x or 3)if t[i]>7 then s=s+t[i]else s=s-#t end end local k="k"..n t[k]=f(t.a,s,k)return{status=200,body=t[k]..s,g=function(y)return y+s end}end `
	return strings.Repeat(part, 256<<10/len(part))
}

func BenchmarkScript(b *testing.B) {
	for _, script := range []struct{ name, source string }{
		{"small", constructs["small"]},
		{"dense", dense()},
	} {
		b.Run(script.name+"/compile", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := compile(script.source); err != nil {
					b.Fatal(err)
				}
			}
		})
		p, err := compile(script.source)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(script.name+"/encode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Encode(p); err != nil {
					b.Fatal(err)
				}
			}
		})
		data, err := Encode(p)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(script.name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(data)), "bytes")
			for b.Loop() {
				if _, err := decodeAll(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
