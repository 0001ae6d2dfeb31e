package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// fault is an error in the shape of OpenAI's API.
type fault struct {
	Status  int     `json:"-"`
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func (f *fault) Error() string { return f.Message }

// invalid is a request that cannot be answered as it stands; param names the field, "" = none.
func invalid(param, format string, args ...any) *fault {
	return &fault{Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...), Type: "invalid_request_error", Param: optional(param)}
}

func (f *fault) with(status int, code string) *fault {
	f.Status, f.Code = status, optional(code)
	return f
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// faultOf finds the fault in an error; any other error is the server's, and its text stays in the log.
func faultOf(err error) *fault {
	var f *fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, errBusy):
		return &fault{Status: http.StatusTooManyRequests, Message: err.Error() + "; try again soon", Type: "rate_limit_error", Code: optional("rate_limit_exceeded")}
	case errors.Is(err, errStopped):
		return &fault{Status: http.StatusServiceUnavailable, Message: err.Error(), Type: "server_error", Code: optional("shutting_down")}
	}
	return &fault{Status: http.StatusInternalServerError, Message: "the server failed to answer; its log says why", Type: "server_error"}
}

func (f *fault) body() []byte {
	raw, _ := json.Marshal(map[string]*fault{"error": f}) // texts always marshal
	return raw
}

func (f *fault) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	switch f.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(f.Status)
	w.Write(f.body()) // a client that went away needs no answer
}
