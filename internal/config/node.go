package config

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

type kind int

const (
	nullNode kind = iota
	scalarNode
	listNode
	mapNode
	refusedNode // anchor, alias, tag: text says what would be right
)

// node is a YAML value with its place; the type wanted, not the YAML library, gives a scalar its meaning.
type node struct {
	kind      kind
	line, col int
	text      string // of a scalar
	quoted    bool   // a scalar in quotes or a block of text: a string in any reading
	flow      bool   // {..} or [..]
	block     bool   // text after | or >
	items     []*node
	entries   []*entry
}

// entry is one key of a mapping.
type entry struct {
	key       string
	line, col int
	bad       string // why the key is refused, "" = fine
	value     *node
}

func (n *node) get(key string) *entry {
	for _, e := range n.entries {
		if e.key == key {
			return e
		}
	}
	return nil
}

func place(t *token.Token) (line, col int) { return t.Position.Line, t.Position.Column }

func convert(n ast.Node) *node {
	if n == nil {
		return &node{line: 1, col: 1}
	}
	line, col := place(n.GetToken())
	out := &node{line: line, col: col}
	switch n := n.(type) {
	case *ast.CommentGroupNode, *ast.NullNode:
	case *ast.MappingNode:
		out.flow = n.IsFlowStyle
		convertMap(out, n.Values)
	case *ast.MappingValueNode:
		convertMap(out, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out.kind, out.flow = listNode, n.IsFlowStyle
		for _, v := range n.Values {
			out.items = append(out.items, convert(v))
		}
	case *ast.StringNode:
		out.kind, out.text = scalarNode, n.Value
		out.quoted = n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
	case *ast.LiteralNode:
		out.kind, out.quoted, out.block = scalarNode, true, true
		if n.Value != nil {
			out.text = n.Value.Value
		}
	case *ast.AnchorNode:
		out.refuse("the value itself: anchors (&) are not read")
	case *ast.AliasNode:
		out.refuse("the value itself: aliases (*) are not read")
	case *ast.TagNode:
		out.refuse("the value without a tag (" + n.GetToken().Value + "): quotes make a string")
	default:
		out.kind, out.text = scalarNode, n.GetToken().Value
	}
	return out
}

func (n *node) refuse(want string) { n.kind, n.text = refusedNode, want }

func convertMap(out *node, values []*ast.MappingValueNode) {
	out.kind = mapNode
	first := map[string]int{}
	for i, v := range values {
		e := convertEntry(v)
		if line, twice := first[e.key]; twice && e.bad == "" {
			e.bad = "a key once: it is already at line " + itoa(line)
		} else {
			first[e.key] = e.line
		}
		if i == 0 && !out.flow {
			out.line, out.col = e.line, e.col
		}
		out.entries = append(out.entries, e)
	}
}

func convertEntry(v *ast.MappingValueNode) *entry {
	t := v.Key.GetToken()
	line, col := place(t)
	e := &entry{key: t.Value, line: line, col: col, value: convert(v.Value)}
	switch k := v.Key.(type) {
	case *ast.StringNode:
		e.key = k.Value
	case *ast.MergeKeyNode:
		e.bad = "the settings themselves: merge keys (<<) are not read"
	case *ast.MappingKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		e.bad = "a plain key"
	}
	return e
}
