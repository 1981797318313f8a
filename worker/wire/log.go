package wire

// Level is the severity of a log line.
type Level byte

const (
	Debug Level = 1
	Info  Level = 2
	Warn  Level = 3
	Error Level = 4
)

// Log is one line of a script's log output.
type Log struct {
	Level   Level
	Message string
	Cut     bool // the budget ended here: this line may be shortened, none follows
}

// LogCost is what a line takes out of LogBudget: its bytes and a little for the
// line itself, so that empty lines are not free.
func LogCost(message string) int { return len(message) + 16 }

// Encode gives the line's whole frame. It fails with ErrProtocol if the message
// alone is over LogBudget.
func (l *Log) Encode() ([]byte, error) {
	b := append(frame(len(l.Message)+8), byte(l.Level), 0)
	if l.Cut {
		b[len(b)-1] = 1
	}
	b = appendString(b, l.Message)
	if _, err := DecodeLog(b[headerSize:]); err != nil {
		return nil, err
	}
	return seal(KindLog, b, 0)
}

// DecodeLog reads a Log frame's payload.
func DecodeLog(payload []byte) (*Log, error) {
	d := decoder{rest: payload}
	l := &Log{Level: Level(d.byte())}
	cut := d.byte()
	l.Message = d.string(LogBudget)
	if l.Level < Debug || l.Level > Error {
		d.fail("%d is no log level", l.Level)
	}
	if cut > 1 {
		d.fail("%d is no flag", cut)
	}
	l.Cut = cut == 1
	if err := d.end(); err != nil {
		return nil, err
	}
	return l, nil
}
