package lua

import (
	"fmt"
	"math"
	"strings"
	"time"

	glua "github.com/yuin/gopher-lua"
)

// The script's time zone is UTC: reading another one would open files.

func (in *Interpreter) openOS(L *glua.LState, globals *glua.LTable) {
	in.module(L, globals, "os", []function{
		{"clock", in.osClock},
		{"date", in.osDate},
		{"difftime", in.osDiffTime},
		{"time", in.osTime},
	})
}

// osClock gives the seconds since the script began.
func (in *Interpreter) osClock(L *glua.LState) int {
	L.Push(glua.LNumber(time.Since(in.started).Seconds()))
	return 1
}

func (in *Interpreter) osDiffTime(L *glua.LState) int {
	L.Push(glua.LNumber(in.checkNumber(L, 1) - in.checkNumber(L, 2)))
	return 1
}

// maxTime bounds the seconds of a date, before and after 1970, so that the year
// has at most six digits; maxDate and maxField bound a part of one, so that adding
// up cannot overflow: year, month and day are ints, of 32 bits on some machines.
const (
	maxTime  = 1e13
	maxDate  = 1e9
	maxField = 1e11
)

func (in *Interpreter) osTime(L *glua.LState) int {
	if arg(L, 1) == glua.LNil {
		L.Push(glua.LNumber(time.Now().Unix()))
		return 1
	}
	t := checkTable(L, 1)
	field := func(name string, otherwise, most float64) float64 {
		n := otherwise
		switch v := t.RawGetString(name).(type) {
		case glua.LNumber:
			n = float64(v)
		case glua.LString:
			in.chargeBytes(len(v))
			n, _ = parseNumber(string(v))
		default:
			if otherwise < 0 {
				L.RaiseError("field '%s' missing in date table", name)
			}
		}
		if math.IsNaN(n) || math.Abs(n) > most {
			L.RaiseError("field '%s' is out of range", name)
		}
		return math.Trunc(n)
	}
	date := func(name string) int { return int(field(name, -1, maxDate)) }
	// Each part is added up by itself, so that large ones do not overflow.
	day := time.Date(date("year"), time.Month(date("month")), date("day"), 0, 0, 0, 0, time.UTC).Unix()
	seconds := float64(day) + field("hour", 12, maxField)*3600 + field("min", 0, maxField)*60 + field("sec", 0, maxField)
	if math.Abs(seconds) > maxTime {
		L.RaiseError("the time is out of range")
	}
	L.Push(glua.LNumber(seconds))
	return 1
}

func (in *Interpreter) osDate(L *glua.LState) int {
	format := in.optString(L, 1, "%c")
	in.chargeBytes(len(format))
	t := time.Now()
	if arg(L, 2) != glua.LNil {
		n := in.checkNumber(L, 2)
		if math.IsNaN(n) || math.Abs(n) > maxTime {
			L.ArgError(2, "time out of range")
		}
		t = time.Unix(int64(math.Floor(n)), 0)
	}
	t = t.UTC()
	format = strings.TrimPrefix(format, "!")
	if strings.HasPrefix(format, "*t") {
		in.charge(opsPerCall)
		L.Push(in.dateTable(L, t))
		return 1
	}
	out := in.newString()
	for {
		i := strings.IndexByte(format, '%')
		if i < 0 || i+1 == len(format) {
			out.write(format)
			break
		}
		out.write(format[:i])
		in.charge(opsPerFormat)
		out.write(datePart(t, format[i+1]))
		format = format[i+2:]
	}
	L.Push(out.value())
	return 1
}

func (in *Interpreter) dateTable(L *glua.LState, t time.Time) *glua.LTable {
	table := L.CreateTable(0, 9)
	for _, f := range []struct {
		name string
		n    int
	}{
		{"year", t.Year()}, {"month", int(t.Month())}, {"day", t.Day()}, {"hour", t.Hour()}, {"min", t.Minute()},
		{"sec", t.Second()}, {"wday", int(t.Weekday()) + 1}, {"yday", t.YearDay()},
	} {
		in.rawSet(table, glua.LString(f.name), glua.LNumber(f.n))
	}
	in.rawSet(table, glua.LString("isdst"), glua.LFalse)
	return table
}

// datePart is one conversion of C's strftime in the C locale; an unknown one
// stands for itself.
func datePart(t time.Time, conversion byte) string {
	if layout := dateLayout(conversion); layout != "" {
		return t.Format(layout)
	}
	isoYear, isoWeek := t.ISOWeek()
	switch conversion {
	case '%':
		return "%"
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'Y':
		return fmt.Sprint(t.Year())
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100)
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay())
	case 's':
		return fmt.Sprint(t.Unix())
	case 'u':
		return fmt.Sprint((int(t.Weekday())+6)%7 + 1)
	case 'w':
		return fmt.Sprint(int(t.Weekday()))
	case 'U':
		return fmt.Sprintf("%02d", (t.YearDay()+6-int(t.Weekday()))/7)
	case 'W':
		return fmt.Sprintf("%02d", (t.YearDay()+6-(int(t.Weekday())+6)%7)/7)
	case 'V':
		return fmt.Sprintf("%02d", isoWeek)
	case 'G':
		return fmt.Sprint(isoYear)
	case 'g':
		return fmt.Sprintf("%02d", isoYear%100)
	case 'Z':
		return "UTC"
	}
	return "%" + string([]byte{conversion})
}

// dateLayout is a conversion in the words of package time, "" if that has none.
func dateLayout(conversion byte) string {
	switch conversion {
	case 'a':
		return "Mon"
	case 'A':
		return "Monday"
	case 'b', 'h':
		return "Jan"
	case 'B':
		return "January"
	case 'c':
		return "Mon Jan _2 15:04:05 2006"
	case 'd':
		return "02"
	case 'D', 'x':
		return "01/02/06"
	case 'e':
		return "_2"
	case 'F':
		return "2006-01-02"
	case 'H':
		return "15"
	case 'I':
		return "03"
	case 'm':
		return "01"
	case 'M':
		return "04"
	case 'p':
		return "PM"
	case 'r':
		return "03:04:05 PM"
	case 'R':
		return "15:04"
	case 'S':
		return "05"
	case 'T', 'X':
		return "15:04:05"
	case 'y':
		return "06"
	case 'z':
		return "-0700"
	}
	return ""
}
