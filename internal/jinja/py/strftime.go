package py

import (
	"fmt"
	"strings"
	"time"
)

// layouts are strftime's directives in the C locale; a naive time has no zone. The others are computed in directive.
var layouts = map[rune]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'j': "002",
	'm': "01", 'M': "04", 'p': "PM", 'S': "05", 'y': "06", 'Y': "2006", 'D': "01/02/06", 'F': "2006-01-02", 'T': "15:04:05",
	'R': "15:04", 'r': "03:04:05 PM", 'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'Z': "", 'z': "",
}

// Strftime is datetime.strftime of a naive time.
func Strftime(t time.Time, format string) string {
	var b strings.Builder
	rest := []rune(format)
	for len(rest) > 0 {
		r := rest[0]
		rest = rest[1:]
		if r != '%' || len(rest) == 0 {
			b.WriteRune(r)
			continue
		}
		r, rest = rest[0], rest[1:]
		if r == '-' && len(rest) > 0 { // glibc: no padding
			text := strings.TrimLeft(directive(t, rest[0]), "0 ")
			if text == "" {
				text = "0"
			}
			b.WriteString(text)
			rest = rest[1:]
			continue
		}
		b.WriteString(directive(t, r))
	}
	return b.String()
}

func directive(t time.Time, r rune) string {
	switch r {
	case '%':
		return "%"
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000)
	case 'w':
		return fmt.Sprint(int(t.Weekday()))
	case 'u':
		return fmt.Sprint((int(t.Weekday())+6)%7 + 1)
	case 'U':
		return fmt.Sprintf("%02d", (t.YearDay()+6-int(t.Weekday()))/7)
	case 'W':
		return fmt.Sprintf("%02d", (t.YearDay()+6-(int(t.Weekday())+6)%7)/7)
	case 'V':
		_, week := t.ISOWeek()
		return fmt.Sprintf("%02d", week)
	case 'G':
		year, _ := t.ISOWeek()
		return fmt.Sprint(year)
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100)
	case 's':
		return fmt.Sprint(t.Unix())
	case 'k':
		return fmt.Sprintf("%2d", t.Hour())
	case 'l':
		return fmt.Sprintf("%2d", (t.Hour()+11)%12+1)
	}
	layout, ok := layouts[r]
	if !ok {
		return "%" + string(r)
	}
	return t.Format(layout)
}
