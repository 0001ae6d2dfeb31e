package syntax

import "slices"

func (p *parser) statement() Stmt {
	at := p.here()
	if p.cur().kind != kindName {
		p.failf(at, "tag name expected")
	}
	tag := p.advance().text
	switch tag {
	case "if":
		return p.ifStatement(at)
	case "for":
		return p.forStatement(at)
	case "set":
		return p.setStatement(at)
	case "macro":
		return p.macroStatement(at)
	case "call":
		return p.callBlock(at)
	case "filter":
		f := p.filter(nil, true)
		return &FilterBlock{at, f, p.upTo("endfilter")}
	case "with":
		return p.withStatement(at)
	case "block":
		return p.blockStatement(at)
	case "generation":
		return &Generation{at, p.outsideLoops(func() []Stmt { return p.upTo("endgeneration") })}
	case "print":
		return p.printStatement(at)
	case "break", "continue":
		if p.loops == 0 {
			p.failf(at, "'%s' outside a loop", tag)
		}
		if tag == "break" {
			return &Break{at}
		}
		return &Continue{at}
	case "extends", "include", "import", "from":
		p.failf(at, "'%s' reads another file, which a chat template may not", tag)
	}
	p.failf(at, "Encountered unknown tag '%s'", tag)
	return nil
}

// outsideLoops reads a body that is a function of its own in Jinja2: a loop around it cannot be left from within.
func (p *parser) outsideLoops(read func() []Stmt) []Stmt {
	loops := p.loops
	p.loops = 0
	defer func() { p.loops = loops }()
	return read()
}

func (p *parser) ifStatement(at Pos) Stmt {
	n := &If{Pos: at}
	for {
		n.Conds = append(n.Conds, p.tuple(tupleRule{noCond: true}))
		n.Bodies = append(n.Bodies, p.statements("elif", "else", "endif"))
		switch p.advance().text {
		case "elif":
			continue
		case "else":
			n.Else = p.upTo("endif")
		}
		return n
	}
}

func (p *parser) forStatement(at Pos) Stmt {
	p.fors++
	defer func() { p.fors-- }()
	n := &For{Pos: at, Target: p.target("in")}
	p.noLoop(n.Target)
	if !p.skipName("in") {
		p.failf(p.here(), "expected 'in', got %s", p.describe())
	}
	n.Iter = p.tuple(tupleRule{noCond: true, end: "recursive"})
	if p.skipName("if") {
		n.Test = p.expression()
	}
	n.Recursive = p.skipName("recursive")
	p.loops++
	n.Body = p.statements("endfor", "else")
	p.loops--
	if p.advance().text == "else" {
		n.Else = p.upTo("endfor")
	}
	return n
}

func (p *parser) setStatement(at Pos) Stmt {
	target := p.assignTarget(tupleRule{simple: true, namespace: true})
	p.noLoop(target)
	if p.skipOp("=") {
		return &Set{at, target, p.tuple(tupleRule{})}
	}
	n := &SetBlock{Pos: at, Target: target, Filter: p.filter(nil, false)}
	n.Body = p.upTo("endset")
	return n
}

func (p *parser) macroStatement(at Pos) Stmt {
	n := &Macro{Pos: at, Name: p.expectName()}
	p.signature(&n.Signature)
	n.Body = p.macroBody(&n.Signature, "endmacro")
	return n
}

func (p *parser) macroBody(s *Signature, end string) []Stmt {
	p.macros = append(p.macros, s)
	defer func() { p.macros = p.macros[:len(p.macros)-1] }()
	at := p.here()
	body := p.outsideLoops(func() []Stmt { return p.upTo(end) })
	if i := slices.Index(s.Params, "caller"); s.Caller && i >= 0 && i < len(s.Params)-len(s.Defaults) {
		p.failf(at, "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.")
	}
	return body
}

func (p *parser) signature(s *Signature) {
	p.expectOp("(")
	for !p.isOp(")") {
		if len(s.Params) > 0 {
			p.expectOp(",")
		}
		at := p.here()
		s.Params = append(s.Params, p.expectName())
		if p.skipOp("=") {
			s.Defaults = append(s.Defaults, p.expression())
		} else if len(s.Defaults) > 0 {
			p.failf(at, "non-default argument follows default argument")
		}
	}
	p.expectOp(")")
}

func (p *parser) callBlock(at Pos) Stmt {
	n := &CallBlock{Pos: at}
	if p.isOp("(") {
		p.signature(&n.Signature)
	}
	call, ok := p.expression().(*Call)
	if !ok {
		p.failf(at, "expected call")
	}
	n.Call = call
	n.Body = p.macroBody(&n.Signature, "endcall")
	return n
}

func (p *parser) withStatement(at Pos) Stmt {
	n := &With{Pos: at}
	for p.cur().kind != kindBlockEnd {
		if len(n.Targets) > 0 {
			p.expectOp(",")
		}
		n.Targets = append(n.Targets, p.target(""))
		p.expectOp("=")
		n.Values = append(n.Values, p.expression())
	}
	n.Body = p.upTo("endwith")
	return n
}

func (p *parser) blockStatement(at Pos) Stmt {
	n := &Block{Pos: at, Name: p.expectName()}
	p.skipName("scoped")
	p.skipName("required")
	n.Body = p.outsideLoops(func() []Stmt { return p.upTo("endblock") })
	p.skipName(n.Name)
	return n
}

func (p *parser) printStatement(at Pos) Stmt {
	n := &Concat{Pos: at}
	for p.cur().kind != kindBlockEnd {
		if len(n.Items) > 0 {
			p.expectOp(",")
		}
		n.Items = append(n.Items, p.expression())
	}
	return &Print{at, n}
}

// target reads what for and with assign to; end is the word that may follow a trailing comma.
func (p *parser) target(end string) Expr {
	return p.assignTarget(tupleRule{simple: true, end: end})
}

func (p *parser) assignTarget(rule tupleRule) Expr {
	t := p.tuple(rule)
	p.assignable(t)
	return t
}

// noLoop refuses a target named loop within a loop.
func (p *parser) noLoop(target Expr) {
	switch t := target.(type) {
	case *Name:
		if t.Name == "loop" && p.fors > 0 {
			p.failf(t.Pos, "Can't assign to special loop variable in for-loop target")
		}
	case *Tuple:
		for _, x := range t.Items {
			p.noLoop(x)
		}
	}
}

func (p *parser) assignable(e Expr) {
	switch e := e.(type) {
	case *Name, *NSRef:
	case *Tuple:
		for _, x := range e.Items {
			p.assignable(x)
		}
	case *List:
		for _, x := range e.Items {
			p.assignable(x)
		}
	default:
		p.failf(e.At(), "can't assign to this")
	}
}
