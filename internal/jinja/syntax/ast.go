package syntax

// Pos is a place in the template, both from 1, columns in characters.
type Pos struct{ Line, Col int }

// At returns the place; every node embeds Pos and so has it.
func (p Pos) At() Pos { return p }

// Expr is an expression.
type Expr interface{ At() Pos }

// Stmt is a statement or a piece of text.
type Stmt interface{ At() Pos }

// Expressions.
type (
	// Const is a literal: nil, bool, int64, *big.Int, float64 or string.
	Const struct {
		Pos
		Value any
	}
	// Name reads a variable.
	Name struct {
		Pos
		Name string
	}
	// NSRef is namespace.attribute as the target of set.
	NSRef struct {
		Pos
		Name, Attr string
	}
	// List is [a, b].
	List struct {
		Pos
		Items []Expr
	}
	// Tuple is (a, b), also as a target.
	Tuple struct {
		Pos
		Items []Expr
	}
	// Dict is {k: v}.
	Dict struct {
		Pos
		Keys, Values []Expr
	}
	// Unary is + or - or not.
	Unary struct {
		Pos
		Op string
		X  Expr
	}
	// Binary is an arithmetic operator.
	Binary struct {
		Pos
		Op   string
		X, Y Expr
	}
	// Logic is and / or.
	Logic struct {
		Pos
		Op   string
		X, Y Expr
	}
	// Compare is a chain: X op Y op Z ...
	Compare struct {
		Pos
		X    Expr
		Ops  []string // == != < <= > >= in, not in
		Args []Expr
	}
	// Concat is a ~ b ~ c.
	Concat struct {
		Pos
		Items []Expr
	}
	// Cond is Then if If else Else; Else may be nil.
	Cond struct {
		Pos
		If, Then, Else Expr
	}
	// Getattr is X.Name.
	Getattr struct {
		Pos
		X    Expr
		Name string
	}
	// Getitem is X[Key].
	Getitem struct {
		Pos
		X, Key Expr
	}
	// Slice is a key start:stop:step; any may be nil.
	Slice struct {
		Pos
		Start, Stop, Step Expr
	}
	// Call is X(args).
	Call struct {
		Pos
		X    Expr
		Args Args
	}
	// Filter is X | name(args); X is nil at the head of a filter block.
	Filter struct {
		Pos
		X    Expr
		Name string
		Args Args
	}
	// Test is X is name(args).
	Test struct {
		Pos
		X    Expr
		Name string
		Args Args
	}
)

// Args are the arguments of a call.
type Args struct {
	Pos              []Expr
	Names            []string
	Values           []Expr
	Star, DoubleStar Expr
}

// Statements.
type (
	// Data is literal text.
	Data struct {
		Pos
		Text string
	}
	// Print is {{ expr }}.
	Print struct {
		Pos
		X Expr
	}
	// If is one of its branches: the first whose condition holds, or Else.
	If struct {
		Pos
		Conds  []Expr
		Bodies [][]Stmt
		Else   []Stmt
	}
	// For is a loop; Test filters the items, Else runs when there were none.
	For struct {
		Pos
		Target    Expr
		Iter      Expr
		Test      Expr
		Recursive bool
		Body      []Stmt
		Else      []Stmt
	}
	// Set is target = value.
	Set struct {
		Pos
		Target, Value Expr
	}
	// SetBlock assigns what its body prints, passed through Filter if any.
	SetBlock struct {
		Pos
		Target Expr
		Filter Expr
		Body   []Stmt
	}
	// Macro defines a function.
	Macro struct {
		Pos
		Name string
		Signature
		Body []Stmt
	}
	// CallBlock calls a macro with its body as caller().
	CallBlock struct {
		Pos
		Signature
		Call *Call
		Body []Stmt
	}
	// FilterBlock prints its body through a filter.
	FilterBlock struct {
		Pos
		Filter Expr
		Body   []Stmt
	}
	// With opens a scope with variables.
	With struct {
		Pos
		Targets, Values []Expr
		Body            []Stmt
	}
	// Block is a named block; without inheritance it prints in place, and self.name() prints it again.
	Block struct {
		Pos
		Name string
		Body []Stmt
	}
	// Generation marks what the assistant says.
	Generation struct {
		Pos
		Body []Stmt
	}
	// Break leaves the loop.
	Break struct{ Pos }
	// Continue goes on with the next item.
	Continue struct{ Pos }
)

// Signature is the parameters of a macro; the last len(Defaults) have defaults. The flags say which of the special names
// its body reads: a macro takes surplus arguments only then.
type Signature struct {
	Params   []string
	Defaults []Expr
	Varargs  bool
	Kwargs   bool
	Caller   bool
}

// Error is a fault of the template's text.
type Error struct {
	Pos
	Msg string
}

func (e *Error) Error() string { return e.Msg }
