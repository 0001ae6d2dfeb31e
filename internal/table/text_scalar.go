package table

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// fitScalar reads a parsed value as a scalar type, exactly; errMismatch where it is of another kind.
func fitScalar(v any, f *Field, loose bool) (any, error) {
	if cell, ok := v.(cellText); ok {
		return fitCell(string(cell), f)
	}
	switch f.Type.kind {
	case KindString:
		if s, ok := v.(string); ok {
			return s, nil
		}
		if loose {
			return jsonText(v), nil
		}
	case KindBool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case KindBytes:
		if s, ok := v.(string); ok {
			return base64.StdEncoding.DecodeString(s)
		}
	case KindTimestamp:
		if s, ok := v.(string); ok {
			return fitTime(s)
		}
	default:
		if n, ok := v.(number); ok {
			return fitNumber(string(n), f.Type.kind)
		}
	}
	return nil, errMismatch
}

func fitCell(text string, f *Field) (any, error) {
	switch f.Type.kind {
	case KindString:
		return text, nil
	case KindBytes:
		return base64.StdEncoding.DecodeString(text)
	}
	if text == "" {
		if f.Nullable {
			return nil, nil
		}
		return nil, fmt.Errorf("empty, must be %s", f.Type)
	}
	switch f.Type.kind {
	case KindBool:
		switch text {
		case "true", "false":
			return text == "true", nil
		}
		return nil, errMismatch
	case KindTimestamp:
		return fitTime(text)
	}
	return fitNumber(text, f.Type.kind)
}

func fitTime(text string) (any, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, fmt.Errorf("%.40q is no time such as 2006-01-02T15:04:05Z", text)
	}
	_, err = checkTime(t)
	return t.UTC(), err
}

func fitNumber(text string, kind Kind) (any, error) {
	if kind == KindFloat64 || kind == KindFloat32 {
		return fitFloat(text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%.40s is no int64", text)
	}
	_, err = checkInt(kind, n)
	return n, err
}

// fitFloat takes the nearest float64 of a fraction; an integer must be exact.
func fitFloat(text string) (any, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(text, "xX_") {
		return nil, fmt.Errorf("%.40s is no float64", text)
	}
	if n, err := strconv.ParseInt(text, 10, 64); !strings.ContainsAny(text, ".eE") && (err != nil || n > 1<<53 || n < -1<<53) {
		return nil, fmt.Errorf("%.40s has no exact float64", text)
	}
	return f, nil
}
