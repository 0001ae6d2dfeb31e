package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// output is stdout. It remembers what could not be written, so that no verb says it is done while its output is cut short.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// onTerminal says whether people read what is written.
func onTerminal(w io.Writer) bool {
	if o, ok := w.(*output); ok {
		w = o.Writer
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
