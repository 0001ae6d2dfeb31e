package syntax

func (p *parser) postfix(x Expr) Expr {
	for {
		switch {
		case p.isOp("."):
			x = p.attribute(x)
		case p.isOp("["):
			x = p.subscript(x)
		case p.isOp("("):
			at := p.here()
			x = &Call{at, x, p.args()}
		default:
			return x
		}
	}
}

func (p *parser) filters(x Expr) Expr {
	for {
		switch {
		case p.isOp("|"):
			x = p.filter(x, false)
		case p.isName("is"):
			x = p.test(x)
		case p.isOp("("):
			at := p.here()
			x = &Call{at, x, p.args()}
		default:
			return x
		}
	}
}

func (p *parser) attribute(x Expr) Expr {
	p.next++
	at, t := p.here(), p.advance()
	if t.kind == kindName {
		return &Getattr{at, x, t.text}
	}
	if _, isInt := t.value.(int64); t.kind != kindNumber || !isInt {
		p.failf(at, "expected name or number")
	}
	return &Getitem{at, x, &Const{at, t.value}}
}

func (p *parser) subscript(x Expr) Expr {
	at := p.here()
	p.next++
	var keys []Expr
	for !p.isOp("]") {
		if len(keys) > 0 {
			p.expectOp(",")
		}
		keys = append(keys, p.key())
	}
	p.expectOp("]")
	if len(keys) == 1 {
		return &Getitem{at, x, keys[0]}
	}
	for _, k := range keys {
		if _, ok := k.(*Slice); ok {
			p.failf(k.At(), "invalid syntax: a slice among several subscripts")
		}
	}
	return &Getitem{at, x, &Tuple{at, keys}}
}

func (p *parser) key() Expr {
	n := &Slice{Pos: p.here()}
	if !p.isOp(":") {
		x := p.expression()
		if !p.isOp(":") {
			return x
		}
		n.Start = x
	}
	p.expectOp(":")
	if !p.isOp(":", "]", ",") {
		n.Stop = p.expression()
	}
	if p.skipOp(":") && !p.isOp("]", ",") {
		n.Step = p.expression()
	}
	return n
}

func (p *parser) args() Args {
	at := p.here()
	var a Args
	p.expectOp("(")
	for first := true; !p.isOp(")"); first = false {
		if !first {
			p.expectOp(",")
			if p.isOp(")") {
				break
			}
		}
		if !p.arg(&a) {
			p.failf(at, "invalid syntax for function call expression")
		}
	}
	p.expectOp(")")
	return a
}

// arg reads one argument and reports whether it may stand behind the ones before.
func (p *parser) arg(a *Args) bool {
	switch {
	case p.skipOp("*"):
		ok := a.Star == nil && a.DoubleStar == nil
		a.Star = p.expression()
		return ok
	case p.skipOp("**"):
		ok := a.DoubleStar == nil
		a.DoubleStar = p.expression()
		return ok
	case p.cur().kind == kindName && p.look().kind == kindOp && p.look().text == "=":
		a.Names = append(a.Names, p.advance().text)
		p.next++
		a.Values = append(a.Values, p.expression())
		return a.DoubleStar == nil
	}
	a.Pos = append(a.Pos, p.expression())
	return a.Star == nil && a.DoubleStar == nil && len(a.Names) == 0
}

// filter reads | name(args) as often as it stands there; start = the first | is left out, as in {% filter name %}.
func (p *parser) filter(x Expr, start bool) Expr {
	for start || p.skipOp("|") {
		start = false
		n := &Filter{Pos: p.here(), X: x, Name: p.dotted()}
		if p.isOp("(") {
			n.Args = p.args()
		}
		x = n
	}
	return x
}

func (p *parser) dotted() string {
	name := p.expectName()
	for p.skipOp(".") {
		name += "." + p.expectName()
	}
	return name
}

func (p *parser) test(x Expr) Expr {
	at := p.here()
	p.next++
	negated := p.skipName("not")
	n := &Test{Pos: at, X: x, Name: p.dotted()}
	switch t := p.cur(); {
	case p.isOp("("):
		n.Args = p.args()
	case p.isName("else", "or", "and"):
	case p.isName("is"):
		p.failf(p.here(), "You cannot chain multiple tests with is")
	case t.kind == kindName || t.kind == kindString || t.kind == kindNumber || p.isOp("[", "{"):
		n.Args.Pos = []Expr{p.postfix(p.primary(false))}
	}
	if negated {
		return &Unary{at, "not", n}
	}
	return n
}
