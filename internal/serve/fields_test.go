package serve_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fieldRow is a line of the table in docs/guide/openai.md.
type fieldRow struct {
	field, endpoints, example, here, nothing string
}

func fieldTable(t *testing.T) (rows []fieldRow) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/guide/openai.md")
	must(t, err)
	for _, line := range strings.Split(string(raw), "\n") {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		if len(cells) != 5 {
			t.Fatalf("%d cells: %s", len(cells), line)
		}
		code := func(s string) string { return strings.Trim(s, "|` ") }
		rows = append(rows, fieldRow{code(cells[0]), cells[1], code(cells[2]), cells[3], code(cells[4])})
	}
	return rows
}

// What the documentation says of each field is so, and it says something of every field of OpenAI's API and of ours.
func TestFields(t *testing.T) {
	w := newWorld(t, nil)
	needs := map[string]string{"top_logprobs": `"logprobs":true`, "stream_options": `"stream":true`, "tool_choice": `"tools":[{"type":"function","function":{"name":"f"}}]`}
	send := func(endpoint, field, value string) (int, string, string) {
		fields := map[string]json.RawMessage{"max_tokens": json.RawMessage("2"), "model": json.RawMessage(`"tiny"`)}
		path := "/v1/completions"
		if fields["prompt"] = json.RawMessage(`"hi"`); endpoint == "chat" {
			delete(fields, "prompt")
			path, fields["messages"] = "/v1/chat/completions", json.RawMessage(`[{"role":"user","content":"hi"}]`)
		}
		if more, ok := needs[field]; ok {
			must(t, json.Unmarshal([]byte("{"+more+"}"), &fields))
		}
		fields[field] = json.RawMessage(value)
		body, err := json.Marshal(fields)
		must(t, err)
		status, reply := w.post(path, string(body))
		var e struct {
			Error struct{ Param, Code string }
		}
		_ = json.Unmarshal([]byte(reply), &e) // a stream is no object
		return status, e.Error.Param, e.Error.Code
	}
	chat := map[string]bool{}
	for _, row := range fieldTable(t) {
		for _, endpoint := range strings.Split(row.endpoints, ", ") {
			if endpoint == "chat" {
				chat[row.field] = true
			}
			status, param, code := send(endpoint, row.field, row.example)
			refused := strings.HasPrefix(row.here, "refused")
			switch {
			case !refused && status != http.StatusOK:
				t.Errorf("%s, %s: %d of %s", endpoint, row.field, status, param)
			case refused && (status != http.StatusBadRequest || param != row.field || code != "unsupported_value"):
				t.Errorf("%s, %s: %d, param %q, code %q", endpoint, row.field, status, param, code)
			case !refused && !strings.HasPrefix(row.here, "used") && !strings.HasPrefix(row.here, "left aside"):
				t.Errorf("%s: %s", row.field, row.here)
			}
			if refused {
				if status, param, _ := send(endpoint, row.field, row.nothing); status != http.StatusOK {
					t.Errorf("%s, %s as %s: %d of %s", endpoint, row.field, row.nothing, status, param)
				}
			}
			if status, param, _ := send(endpoint, row.field, "null"); status != http.StatusOK && row.field != "messages" && row.field != "prompt" && row.field != "model" {
				t.Errorf("%s, %s as null: %d of %s", endpoint, row.field, status, param)
			}
		}
	}
	// openai-python 3, CompletionCreateParams of chat.completions.
	var lacking []string
	for _, name := range strings.Fields(`messages model audio frequency_penalty function_call functions moderation prompt_cache_options logit_bias logprobs max_completion_tokens max_tokens metadata
		modalities n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_retention reasoning_effort response_format safety_identifier seed
		service_tier stop store stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options stream`) {
		if !chat[name] {
			lacking = append(lacking, name)
		}
	}
	if diff := cmp.Diff([]string(nil), lacking); diff != "" {
		t.Errorf("no line in the table: %s (it has %v)", diff, slices.Sorted(maps.Keys(chat)))
	}
}
