package syntax

func (p *parser) expression() Expr {
	p.enter()
	defer p.leave()
	return p.condition()
}

func (p *parser) condition() Expr {
	at := p.here()
	x := p.or()
	for p.skipName("if") {
		n := &Cond{Pos: at, Then: x, If: p.or()}
		if p.skipName("else") {
			p.enter()
			n.Else = p.condition()
			p.leave()
		}
		x, at = n, p.here()
	}
	return x
}

func (p *parser) or() Expr {
	at := p.here()
	x := p.and()
	for p.skipName("or") {
		x = &Logic{at, "or", x, p.and()}
	}
	return x
}

func (p *parser) and() Expr {
	at := p.here()
	x := p.not()
	for p.skipName("and") {
		x = &Logic{at, "and", x, p.not()}
	}
	return x
}

func (p *parser) not() Expr {
	at := p.here()
	if p.skipName("not") {
		p.enter()
		defer p.leave()
		return &Unary{at, "not", p.not()}
	}
	return p.compare()
}

func (p *parser) compare() Expr {
	n := &Compare{Pos: p.here(), X: p.sum()}
	for {
		switch {
		case p.isOp("==", "!=", "<", "<=", ">", ">="):
			n.Ops = append(n.Ops, p.advance().text)
		case p.skipName("in"):
			n.Ops = append(n.Ops, "in")
		case p.isName("not") && p.look().kind == kindName && p.look().text == "in":
			p.next += 2
			n.Ops = append(n.Ops, "not in")
		case len(n.Ops) == 0:
			return n.X
		default:
			return n
		}
		n.Args = append(n.Args, p.sum())
	}
}

func (p *parser) sum() Expr {
	at := p.here()
	x := p.concat()
	for p.isOp("+", "-") {
		op := p.advance().text
		x = &Binary{at, op, x, p.concat()}
	}
	return x
}

func (p *parser) concat() Expr {
	n := &Concat{Pos: p.here(), Items: []Expr{p.product()}}
	for p.skipOp("~") {
		n.Items = append(n.Items, p.product())
	}
	if len(n.Items) == 1 {
		return n.Items[0]
	}
	return n
}

func (p *parser) product() Expr {
	at := p.here()
	x := p.power()
	for p.isOp("*", "/", "//", "%") {
		op := p.advance().text
		x = &Binary{at, op, x, p.power()}
	}
	return x
}

func (p *parser) power() Expr {
	at := p.here()
	x := p.unary(true)
	for p.skipOp("**") {
		x = &Binary{at, "**", x, p.unary(true)} // to the left, unlike Python
	}
	return x
}

func (p *parser) unary(withFilter bool) Expr {
	at := p.here()
	var x Expr
	if p.isOp("-", "+") {
		p.enter()
		op := p.advance().text
		x = &Unary{at, op, p.unary(false)}
		p.leave()
	} else {
		x = p.primary(false)
	}
	x = p.postfix(x)
	if withFilter {
		x = p.filters(x)
	}
	return x
}

func (p *parser) primary(namespace bool) Expr {
	at, t := p.here(), p.cur()
	switch t.kind {
	case kindName:
		p.next++
		return p.word(at, t.text, namespace)
	case kindString:
		s := ""
		for p.cur().kind == kindString {
			s += p.advance().text
		}
		return &Const{at, s}
	case kindNumber:
		p.next++
		return &Const{at, t.value}
	case kindOp:
		switch t.text {
		case "(":
			p.next++
			x := p.tuple(tupleRule{parens: true})
			p.expectOp(")")
			return x
		case "[":
			return p.list()
		case "{":
			return p.dict()
		}
	}
	p.failf(at, "unexpected %s", p.describe())
	return nil
}

func (p *parser) word(at Pos, name string, namespace bool) Expr {
	switch name {
	case "true", "True":
		return &Const{at, true}
	case "false", "False":
		return &Const{at, false}
	case "none", "None":
		return &Const{at, nil}
	}
	if namespace && p.skipOp(".") {
		return &NSRef{at, name, p.expectName()}
	}
	for _, m := range p.macros {
		m.Varargs = m.Varargs || name == "varargs"
		m.Kwargs = m.Kwargs || name == "kwargs"
		m.Caller = m.Caller || name == "caller"
	}
	return &Name{at, name}
}

// tupleRule says what a tuple may be made of and where it ends.
type tupleRule struct {
	simple    bool   // only names and literals
	namespace bool   // ns.attr too
	noCond    bool   // no inline if
	parens    bool   // within parentheses: may be empty
	end       string // a word that ends it, beside the end of the tag and a closing parenthesis
}

func (p *parser) tuple(rule tupleRule) Expr {
	p.enter()
	defer p.leave()
	n := &Tuple{Pos: p.here()}
	isTuple := false
	for {
		if len(n.Items) > 0 {
			p.expectOp(",")
		}
		if p.tupleEnd(rule.end) {
			break
		}
		n.Items = append(n.Items, p.tupleItem(rule))
		if !p.isOp(",") {
			break
		}
		isTuple = true
	}
	if isTuple || len(n.Items) == 0 && rule.parens {
		return n
	}
	if len(n.Items) == 0 {
		p.failf(n.Pos, "Expected an expression, got %s", p.describe())
	}
	return n.Items[0]
}

func (p *parser) tupleItem(rule tupleRule) Expr {
	switch {
	case rule.simple:
		return p.primary(rule.namespace)
	case rule.noCond:
		return p.or()
	}
	return p.expression()
}

func (p *parser) tupleEnd(word string) bool {
	k := p.cur().kind
	return k == kindVarEnd || k == kindBlockEnd || p.isOp(")") || word != "" && p.isName(word)
}

func (p *parser) list() Expr {
	n := &List{Pos: p.here()}
	p.next++
	for !p.isOp("]") {
		if len(n.Items) > 0 {
			p.expectOp(",")
		}
		if p.isOp("]") {
			break
		}
		n.Items = append(n.Items, p.expression())
	}
	p.expectOp("]")
	return n
}

func (p *parser) dict() Expr {
	n := &Dict{Pos: p.here()}
	p.next++
	for !p.isOp("}") {
		if len(n.Keys) > 0 {
			p.expectOp(",")
		}
		if p.isOp("}") {
			break
		}
		n.Keys = append(n.Keys, p.expression())
		p.expectOp(":")
		n.Values = append(n.Values, p.expression())
	}
	p.expectOp("}")
	return n
}
