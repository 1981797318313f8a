package lua

import (
	"fmt"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// timeFunctions are what there is of os. The time zone is always UTC.
func (in *Interpreter) timeFunctions() functions {
	return functions{
		"clock": func(L *lua.LState) int {
			L.Push(lua.LNumber(time.Since(in.began).Seconds()))
			return 1
		},
		"date": in.date,
		"difftime": func(L *lua.LState) int {
			L.Push(checkNumber(L, 1) - optNumber(L, 2, 0))
			return 1
		},
		"time": osTime,
	}
}

// maxTime keeps years within what package time can count.
const maxTime = 1 << 40

func osTime(L *lua.LState) int {
	t := L.OptTable(1, nil)
	if t == nil {
		L.Push(lua.LNumber(time.Now().Unix()))
		return 1
	}
	field := func(name string, otherwise int) int {
		v := t.RawGetString(name)
		n, ok := v.(lua.LNumber)
		if s, isString := v.(lua.LString); isString {
			hookOf(L).in.meter.coercion(s)
			f, valid := parseNumber(trimSpace(string(s)), 10)
			n, ok = lua.LNumber(f), valid
		}
		if !ok && otherwise < 0 {
			L.RaiseError("field '%s' missing in date table", name)
		}
		if !ok {
			return otherwise
		}
		if math.IsNaN(float64(n)) || math.Abs(float64(n)) > 1<<31 {
			L.RaiseError("field '%s' is out of range", name)
		}
		return int(n)
	}
	year, month, day := field("year", -1), field("month", -1), field("day", -1)
	at := time.Date(year, time.Month(month), day, field("hour", 12), field("min", 0), field("sec", 0), 0, time.UTC)
	L.Push(lua.LNumber(at.Unix()))
	return 1
}

func (in *Interpreter) date(L *lua.LState) int {
	layout := strings.TrimPrefix(L.OptString(1, "%c"), "!")
	in.meter.looking(len(layout))
	at := time.Now().UTC()
	if L.Get(2) != lua.LNil {
		seconds := float64(checkNumber(L, 2))
		if !(math.Abs(seconds) < maxTime) {
			L.ArgError(2, "time out of range")
		}
		at = time.Unix(int64(seconds), 0).UTC()
	}
	if strings.HasPrefix(layout, "*t") {
		L.Push(in.dateTable(at))
		return 1
	}
	var b strings.Builder
	for layout != "" {
		text, rest, found := strings.Cut(layout, "%")
		b.WriteString(text)
		if layout = rest; !found {
			break
		}
		if layout == "" {
			b.WriteByte('%')
			break
		}
		in.meter.charge(1)
		b.WriteString(datePart(at, layout[0]))
		layout = layout[1:]
	}
	L.Push(lua.LString(b.String()))
	return 1
}

func (in *Interpreter) dateTable(at time.Time) *lua.LTable {
	t := in.state.NewTable()
	t.RawSetString("year", lua.LNumber(at.Year()))
	t.RawSetString("month", lua.LNumber(at.Month()))
	t.RawSetString("day", lua.LNumber(at.Day()))
	t.RawSetString("hour", lua.LNumber(at.Hour()))
	t.RawSetString("min", lua.LNumber(at.Minute()))
	t.RawSetString("sec", lua.LNumber(at.Second()))
	t.RawSetString("wday", lua.LNumber(at.Weekday()+1))
	t.RawSetString("yday", lua.LNumber(at.YearDay()))
	t.RawSetString("isdst", lua.LFalse)
	return t
}

// datePart is one conversion of C's strftime in the C locale; a letter that has
// no meaning stands for itself.
func datePart(at time.Time, letter byte) string {
	weekOfYear := func(first time.Weekday) string {
		sinceFirst := (int(at.Weekday()) - int(first) + 7) % 7
		return fmt.Sprintf("%02d", (at.YearDay()+6-sinceFirst)/7)
	}
	switch letter {
	case 'a':
		return at.Format("Mon")
	case 'A':
		return at.Format("Monday")
	case 'b':
		return at.Format("Jan")
	case 'B':
		return at.Format("January")
	case 'c':
		return at.Format("Mon Jan _2 15:04:05 2006")
	case 'd':
		return at.Format("02")
	case 'F':
		return at.Format("2006-01-02")
	case 'H':
		return at.Format("15")
	case 'I':
		return at.Format("03")
	case 'j':
		return at.Format("002")
	case 'm':
		return at.Format("01")
	case 'M':
		return at.Format("04")
	case 'p':
		return at.Format("PM")
	case 'S':
		return at.Format("05")
	case 'T', 'X':
		return at.Format("15:04:05")
	case 'U':
		return weekOfYear(time.Sunday)
	case 'w':
		return fmt.Sprint(int(at.Weekday()))
	case 'W':
		return weekOfYear(time.Monday)
	case 'x':
		return at.Format("01/02/06")
	case 'y':
		return at.Format("06")
	case 'Y':
		return at.Format("2006")
	case 'z':
		return "+0000"
	case 'Z':
		return "UTC"
	case '%':
		return "%"
	}
	return "%" + string(rune(letter))
}
