package serve

import (
	"fmt"

	"fettle/internal/chat"
	"fettle/internal/jinja/py"
)

// checkTools refuses tools that no call could name; an empty list is none.
func checkTools(in *chat.Input) *fault {
	list, ok := in.Tools.(py.List)
	if !ok && in.Tools != nil {
		return invalid("tools", "tools are no list but %s", py.TypeName(in.Tools))
	}
	if len(list) == 0 {
		in.Tools = nil
	}
	for i, tool := range list {
		if wrong := wrongTool(tool); wrong != "" {
			return invalid("tools", "tool %d: %s", i, wrong)
		}
	}
	return nil
}

// wrongTool says what is wrong with a tool, "" where nothing is.
func wrongTool(tool any) string {
	t, ok := tool.(*py.Dict)
	if !ok {
		return fmt.Sprintf("want an object, got %s", py.TypeName(tool))
	}
	if kind, ok := t.Get("type"); ok && kind != "function" {
		return fmt.Sprintf("type is %v: want function", kind)
	}
	f, _ := t.Get("function")
	function, ok := f.(*py.Dict)
	if !ok {
		return "function is missing: want {name, description, parameters}"
	}
	n, _ := function.Get("name")
	if name, ok := n.(string); !ok || name == "" {
		return "function.name is missing"
	}
	if p, _ := function.Get("parameters"); p != nil {
		if _, ok := p.(*py.Dict); !ok {
			return fmt.Sprintf("function.parameters: want an object (JSON Schema), got %s", py.TypeName(p))
		}
	}
	return ""
}
