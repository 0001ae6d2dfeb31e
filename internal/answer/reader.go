package answer

import (
	"errors"
	"slices"
	"strings"
)

// Part is what came next: one of its fields is set.
type Part struct {
	Reasoning, Content string
	Call               *Call
}

// Call is a tool called. Arguments is the JSON text of an object; ID is the model's own, mostly "".
type Call struct{ Name, Arguments, ID string }

// Reader reads one answer.
type Reader struct {
	form  *Form
	tools Tools

	at    state
	marks marks  // of the part read now, in the states thinking and calling
	text  string // not yet decided
	space string // white space before it: dropped next to calls and at the ends of reasoning
	lead  bool   // nothing but white space came since reasoning began or ended
	fresh bool   // nothing of the content came yet
	calls int
	out   []Part
}

type state int

const (
	beginning state = iota // reasoning may come
	thinking
	saying
	calling
)

// Reader begins to read. tools are those that may be called, nil = none may: what looks like a call is content. inThought says
// that the prompt has opened the reasoning already.
func (f *Form) Reader(tools Tools, inThought bool) *Reader {
	r := &Reader{form: f, tools: tools, fresh: true}
	if inThought && len(f.thoughts) > 0 {
		r.at, r.marks, r.lead = thinking, f.thoughts[0], true
	}
	return r
}

// Add takes more of the answer and returns what is certain now.
func (r *Reader) Add(text string) []Part {
	r.text += text
	return r.read(false)
}

// Close returns the rest: nothing more comes.
func (r *Reader) Close() []Part { return r.read(true) }

// read goes on as far as it can; every state reports whether another may follow at once.
func (r *Reader) read(last bool) []Part {
	for goOn := true; goOn; {
		switch r.at {
		case beginning:
			goOn = r.begin(last)
		case thinking:
			goOn = r.think(last)
		case saying:
			goOn = r.say(last)
		case calling:
			goOn = r.call(last)
		}
	}
	out := r.out
	r.out = nil
	return out
}

const blanks = " \t\r\n"

// begin decides whether the answer opens with reasoning.
func (r *Reader) begin(last bool) bool {
	text := strings.TrimLeft(r.text, blanks)
	for _, m := range r.form.thoughts {
		if rest, ok := strings.CutPrefix(text, m.open); ok {
			r.at, r.marks, r.text, r.lead = thinking, m, rest, true
			return true
		}
	}
	mayOpen := func(m marks) bool { return strings.HasPrefix(m.open, text) }
	if !last && slices.ContainsFunc(r.form.thoughts, mayOpen) {
		return false
	}
	r.at = saying
	return true
}

// think hands reasoning on, without the white space at its ends.
func (r *Reader) think(last bool) bool {
	thought, rest, closed := strings.Cut(r.text, r.marks.close)
	if !closed {
		r.hold(partial(r.text, r.marks.close), last, func(s string) Part { return Part{Reasoning: s} })
		return false
	}
	r.text = thought
	r.hold(0, true, func(s string) Part { return Part{Reasoning: s} })
	r.at, r.text, r.space, r.lead = saying, rest, "", true
	return true
}

// say hands content on up to the next call.
func (r *Reader) say(last bool) bool {
	if r.fresh && r.form.bare && r.tools != nil {
		calls, undecided := r.bareCalls(last)
		if undecided {
			return false
		}
		if r.made(calls) {
			r.text = ""
		}
	}
	content := func(s string) Part { return Part{Content: s} }
	m, at, keep := r.nextCall()
	if at < 0 {
		r.hold(keep, last, content)
		if last && r.calls == 0 && !r.lead && r.space != "" {
			r.emit(content(r.space))
		}
		return false
	}
	before, body := r.text[:at], r.text[at+len(m.open):]
	r.text = before
	r.hold(0, true, content)
	r.at, r.marks, r.text = calling, m, body
	return true
}

// nextCall finds the open mark that comes first; without any keep is how much of the text may be the beginning of one.
func (r *Reader) nextCall() (first marks, at, keep int) {
	at = -1
	if r.tools == nil {
		return first, at, 0
	}
	for _, m := range r.form.calls {
		if i := strings.Index(r.text, m.open); i >= 0 && (at < 0 || i < at) {
			first, at = m, i
		}
		keep = max(keep, partial(r.text, m.open))
	}
	return first, at, keep
}

// bareCalls reads an answer that may be nothing but calls in JSON; they must name tools that there are, as JSON may be what was
// asked for.
func (r *Reader) bareCalls(last bool) (calls []Call, undecided bool) {
	if !mayBeCall(r.text) {
		return nil, false
	}
	if !last {
		return nil, true
	}
	calls, err := parseCalls(r.text, r.tools)
	if err != nil || slices.ContainsFunc(calls, func(c Call) bool { return !r.tools.has(c.Name) }) {
		return nil, false
	}
	return calls, false
}

// call waits for a call's end and reads it. A close mark within a text of the call closes nothing.
func (r *Reader) call(last bool) bool {
	for from := 0; ; {
		at, end := r.marks.end(r.text, from)
		if at < 0 {
			break
		}
		calls, err := r.parse(r.text[:at])
		if errors.Is(err, errCutOff) && !last {
			from = max(end, at+1)
			continue
		}
		if err != nil {
			break
		}
		r.made(calls)
		r.at, r.text, r.space = saying, r.text[end:], ""
		return true
	}
	return r.noCall(last)
}

// noCall decides on a call that is not closed, or closed and no call.
func (r *Reader) noCall(last bool) bool {
	at, end := r.marks.end(r.text, 0)
	body := r.text
	if at >= 0 {
		body = r.text[:at]
	}
	calls, err := r.parse(body)
	switch {
	case !last && (at < 0 || errors.Is(err, errCutOff)):
		return false
	case at < 0 && err == nil:
		r.made(calls)
		r.at, r.text, r.space = saying, "", ""
		return true
	case at < 0:
		end = len(r.text)
	}
	r.emit(Part{Content: r.space + r.marks.open + r.text[:end]})
	r.at, r.text, r.space = saying, r.text[end:], ""
	return true
}

func (r *Reader) parse(body string) ([]Call, error) {
	if r.marks.within {
		body = r.marks.open + body
	}
	return parseCalls(body, r.tools)
}

// end is where the body ends and where what follows it begins, looking from a byte on; -1 = it is not closed yet.
func (m marks) end(text string, from int) (at, next int) {
	closing := m.close
	if closing == "" {
		closing = m.open
	}
	i := strings.Index(text[from:], closing)
	if i < 0 {
		return -1, -1
	}
	if m.close == "" {
		return from + i, from + i
	}
	return from + i, from + i + len(closing)
}

// made hands calls on.
func (r *Reader) made(calls []Call) bool {
	for _, c := range calls {
		r.emit(Part{Call: &c})
	}
	r.calls += len(calls)
	return len(calls) > 0
}

// hold hands on all but the last `keep` bytes; white space at the end waits for what follows it.
func (r *Reader) hold(keep int, last bool, part func(string) Part) {
	if last {
		keep = 0
	}
	sure, rest := r.text[:len(r.text)-keep], r.text[len(r.text)-keep:]
	if r.lead {
		sure = strings.TrimLeft(sure, blanks)
	}
	said := strings.TrimRight(sure, blanks)
	r.text = rest
	if said == "" {
		r.space += sure
		return
	}
	r.emit(part(r.space + said))
	r.space, r.lead = sure[len(said):], false
}

func (r *Reader) emit(p Part) {
	r.fresh = r.fresh && p.Content == "" && p.Call == nil
	r.out = append(r.out, p)
}

// partial is how many of the text's last bytes may be the beginning of a mark.
func partial(text, mark string) int {
	for n := min(len(mark)-1, len(text)); n > 0; n-- {
		if strings.HasSuffix(text, mark[:n]) {
			return n
		}
	}
	return 0
}
