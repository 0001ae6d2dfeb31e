package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"fettle/internal/dagu"
)

// runLocal runs the DAG's steps in their order, in this process. A failed step ends the run with its exit code.
func (a *App) runLocal(ctx context.Context, p *pipeline, config, id string) int {
	steps, err := dagu.ParseLocal(p.dag)
	if err != nil {
		a.fail("run", err)
		return 2
	}
	if err := os.Setenv("FETTLE_RUN", id); err != nil {
		return a.fail("run", err)
	}
	outputs := map[string][]byte{}
	lookup := func(name, path string) (string, error) {
		if name == "CONFIG" && path == "" {
			return config, nil
		}
		raw, ok := outputs[name]
		if !ok {
			return "", fmt.Errorf("no step before has the output %s", name)
		}
		return field(raw, path)
	}
	for _, s := range steps {
		args, err := s.Fill(lookup)
		if err != nil {
			return a.fail("run", err)
		}
		st := a.stage(s.Stage)
		if st == nil {
			return a.fail("run", fmt.Errorf("%s: step %s: %q is no stage", p.dag, s.Name, s.Stage))
		}
		var out bytes.Buffer
		if code := st.Start(ctx, append(args, "-store", p.store.Root), &out, a.Stderr); code != 0 {
			return code
		}
		if s.Output != "" {
			outputs[s.Output] = out.Bytes()
		}
	}
	return 0
}

// field is a value of a JSON object by dotted path, as a shell would see it.
func field(raw []byte, path string) (string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", fmt.Errorf("the step printed no JSON: %w", err)
	}
	if path == "" {
		return strings.TrimSpace(string(raw)), nil
	}
	for _, name := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok || m[name] == nil {
			return "", fmt.Errorf("the step's report has no field %q", path)
		}
		v = m[name]
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	out, err := json.Marshal(v)
	return string(out), err
}
