package chat

import (
	"errors"
	"strings"
)

// probeArgument is the only argument of the call that is printed to see where arguments begin.
const probeArgument = "fettle_probe"

// Opening is what the template prints in the assistant's turn up to the arguments of a call, their brace included: an answer that
// must call the tool begins with it. thought are the marks around reasoning ("" = there are none): a prompt that has opened it
// leaves it first. An error means that the template prints no calls, or not their arguments as a JSON object.
func (t *Template) Opening(name string, thought [2]string, vars map[string]any) (string, error) {
	prompt, whole := t.calling(name, `{"`+probeArgument+`": "x"}`, vars)
	said, ok := strings.CutPrefix(whole, prompt)
	if !ok && thought[0] != "" {
		closed := ""
		if before, rest, found := cutLast(prompt, thought[0]); found && strings.TrimSpace(rest) == "" {
			closed = "\n" + thought[1] + "\n\n"
			said, ok = strings.CutPrefix(whole, before)
		}
		said = closed + said
	}
	at := strings.Index(said, probeArgument)
	if !ok || at < 0 {
		return "", errors.New("its template prints no calls")
	}
	brace := strings.LastIndex(said[:at], "{")
	if brace < 0 || strings.Trim(said[brace+1:at], " \t\r\n") != `"` || !strings.Contains(said[:brace], name) {
		return "", errors.New("its template prints the arguments of calls in another form than JSON")
	}
	return said[:brace+1], nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}
