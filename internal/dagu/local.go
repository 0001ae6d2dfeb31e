package dagu

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Step is one step of a DAG as `fettle run -local` runs it: `fettle STAGE ...`.
type Step struct {
	Name    string
	Stage   string   // the verb behind fettle
	Args    []string // behind the verb, with ${...} not yet filled in
	Depends []string
	Output  string // variable that takes the step's JSON report
}

// ParseLocal reads the steps of a DAG file in an order that respects depends. It understands the step keys name, command,
// depends and output, and knows which others change nothing for steps that are run one at a time; any other key is an error
// that names it, with its place: a pipeline must not mean one thing here and another to Dagu.
func ParseLocal(path string) ([]Step, error) {
	p := &localParser{path: path}
	if err := p.parse(); err != nil {
		return nil, err
	}
	if len(p.faults) == 0 && len(p.steps) == 0 {
		p.faults = append(p.faults, fmt.Errorf("%s: no steps", path))
	}
	if len(p.faults) > 0 {
		return nil, errors.Join(p.faults...)
	}
	return sorted(path, p.steps)
}

// Stages lists what stands behind `fettle` in the steps of a DAG, in an order that respects depends. It takes any DAG that
// Dagu may: what it does not understand it passes over.
func Stages(path string) ([]string, error) {
	p := &localParser{path: path}
	if err := p.parse(); err != nil {
		return nil, err
	}
	steps, err := sorted(path, p.steps)
	if err != nil {
		steps = p.steps
	}
	var names []string
	for _, s := range steps {
		if s.Stage != "" {
			names = append(names, s.Stage)
		}
	}
	return names, nil
}

type localParser struct {
	path   string
	steps  []Step
	faults []error
}

// parse gathers the steps, and a fault for everything that -local does not understand; its own error is YAML that is none.
func (p *localParser) parse() error {
	raw, err := os.ReadFile(p.path)
	if err != nil {
		return err
	}
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return fmt.Errorf("%s: %s", p.path, yaml.FormatError(err, false, false))
	}
	if len(file.Docs) > 1 {
		p.faults = append(p.faults, fmt.Errorf("%s: it holds further DAGs behind ---, which mean nothing to -local: run the pipeline through Dagu", p.path))
	}
	for _, doc := range file.Docs[:min(1, len(file.Docs))] {
		p.document(doc.Body)
	}
	return nil
}

func (p *localParser) fault(n ast.Node, format string, args ...any) {
	at := n.GetToken().Position
	p.faults = append(p.faults, fmt.Errorf("%s:%d:%d: %s", p.path, at.Line, at.Column, fmt.Sprintf(format, args...)))
}

func (p *localParser) document(body ast.Node) {
	top, ok := body.(*ast.MappingNode)
	if !ok {
		p.faults = append(p.faults, fmt.Errorf("%s: want a mapping with steps", p.path))
		return
	}
	for _, pair := range top.Values {
		switch key := pair.Key.String(); {
		case key == "steps":
			list, ok := pair.Value.(*ast.SequenceNode)
			if !ok {
				p.fault(pair.Value, "steps: want a list")
				continue
			}
			for _, n := range list.Values {
				p.step(n)
			}
		case !slices.Contains(harmless, key):
			p.fault(pair.Key, "key %q means nothing to -local: run the pipeline through Dagu", key)
		}
	}
}

// harmless are the keys of a DAG that change nothing for its steps in their order: when it runs, what it is called, where its
// record goes, limits of time. (workingDir is the project root either way, and the exit handler assembles run.json, as
// -local does by itself.)
var harmless = []string{"name", "description", "group", "tags", "type", "workingDir", "params", "schedule", "queue", "handlerOn",
	"timeoutSec", "maxCleanUpTimeSec", "maxActiveRuns", "histRetentionDays", "logDir"}

func (p *localParser) step(n ast.Node) {
	var pairs []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	default:
		p.fault(n, "a step is a mapping")
		return
	}
	var s Step
	for _, pair := range pairs {
		p.key(&s, pair)
	}
	if s.Name == "" {
		p.fault(n, "the step has no name")
	}
	if s.Stage == "" {
		p.fault(n, "step %s: no command `fettle STAGE ...`", s.Name)
	}
	p.steps = append(p.steps, s)
}

func (p *localParser) key(s *Step, pair *ast.MappingValueNode) {
	switch key := pair.Key.String(); key {
	case "name":
		s.Name = text(pair.Value)
	case "output":
		s.Output = text(pair.Value)
	case "command":
		words, err := split(text(pair.Value))
		if err != nil {
			p.fault(pair.Value, "command: %v", err)
			return
		}
		if len(words) < 2 || words[0] != "fettle" {
			p.fault(pair.Value, "command %q: -local runs only `fettle STAGE ...`", text(pair.Value))
			return
		}
		s.Stage, s.Args = words[1], words[2:]
	case "depends":
		if list, ok := pair.Value.(*ast.SequenceNode); ok {
			for _, v := range list.Values {
				s.Depends = append(s.Depends, text(v))
			}
		} else {
			s.Depends = []string{text(pair.Value)}
		}
	case "description", "retryPolicy", "timeoutSec", "signalOnStop":
	default:
		p.fault(pair.Key, "step key %q means nothing to -local: run the pipeline through Dagu", key)
	}
}

// text is a scalar as a string.
func text(n ast.Node) string {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value
	case *ast.LiteralNode:
		return strings.TrimSpace(s.Value.Value)
	}
	return n.GetToken().Value
}

// split cuts a command into words; quotes keep white space together, nothing else of a shell is understood.
func split(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	open, quote := false, rune(0)
	for i, r := range command {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, open = r, true
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		case strings.ContainsRune("|&;<>`\\", r) && quote != '\'':
			return nil, fmt.Errorf("%q is shell: -local starts one program", r)
		case r == '$' && !strings.HasPrefix(command[i:], "${"):
			return nil, errors.New("write ${NAME}, not $NAME")
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if open {
		words = append(words, word.String())
	}
	return words, nil
}

// sorted puts every step behind those it depends on; steps that could swap keep their order in the file.
func sorted(path string, steps []Step) ([]Step, error) {
	var done []string
	var out []Step
	for len(out) < len(steps) {
		before := len(out)
		for _, s := range steps {
			ready := !slices.Contains(done, s.Name) && !slices.ContainsFunc(s.Depends, func(d string) bool { return !slices.Contains(done, d) })
			if ready {
				out, done = append(out, s), append(done, s.Name)
				break
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("%s: %s", path, stuck(steps, done))
		}
	}
	return out, nil
}

// stuck says why no further step can start.
func stuck(steps []Step, done []string) string {
	names := map[string]bool{}
	for _, s := range steps {
		if names[s.Name] {
			return fmt.Sprintf("two steps are named %q", s.Name)
		}
		names[s.Name] = true
	}
	var waiting []string
	for _, s := range steps {
		for _, d := range s.Depends {
			if !names[d] {
				return fmt.Sprintf("step %s depends on %q, which is no step", s.Name, d)
			}
		}
		if !slices.Contains(done, s.Name) {
			waiting = append(waiting, s.Name)
		}
	}
	return "the steps " + strings.Join(waiting, ", ") + " wait for one another"
}

var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(?:\.([A-Za-z0-9_.]+))?\}`)

// Fill replaces ${NAME} and ${NAME.path} in a step's arguments; lookup gives a variable's value ("" path) or a field of the
// JSON that a step printed.
func (s Step) Fill(lookup func(name, path string) (string, error)) ([]string, error) {
	var args []string
	for _, arg := range s.Args {
		var fault error
		args = append(args, reference.ReplaceAllStringFunc(arg, func(match string) string {
			m := reference.FindStringSubmatch(match)
			value, err := lookup(m[1], m[2])
			if err != nil && fault == nil {
				fault = fmt.Errorf("step %s: %s: %w", s.Name, match, err)
			}
			return value
		}))
		if fault != nil {
			return nil, fault
		}
	}
	return args, nil
}
