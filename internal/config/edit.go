package config

import "strings"

// Edits of the text of a file by the places of its nodes. All give the new text.

// offset is the byte at a line and column (from 1, in characters).
func (f *File) offset(line, col int) int {
	at := 0
	for ; line > 1; line-- {
		next := strings.IndexByte(f.text[at:], '\n')
		if next < 0 {
			return len(f.text)
		}
		at += next + 1
	}
	for range col - 1 {
		if at >= len(f.text) {
			break
		}
		at += len(string([]rune(f.text[at:min(len(f.text), at+4)])[:1]))
	}
	return at
}

func (f *File) splice(start, end int, by string) string { return f.text[:start] + by + f.text[end:] }

// afterColon is where the value of a key may start.
func (f *File) afterColon(e *entry) int {
	at := f.offset(e.line, e.col)
	if at < len(f.text) && (f.text[at] == '"' || f.text[at] == '\'') {
		at = f.endOfQuotes(at)
	}
	if colon := strings.IndexByte(f.text[at:], ':'); colon >= 0 {
		return at + colon + 1
	}
	return len(f.text)
}

func (f *File) replaceEntry(e *entry, value string, flow bool) string {
	v := e.value
	colon := f.afterColon(e)
	if v.kind == nullNode && f.end(colon, flow) <= colon || v.line != e.line && !v.flow && !flow {
		return f.replace(colon, colon, " "+value, e.col, v.kind == listNode, flow)
	}
	start := f.offset(v.line, v.col)
	if v.kind == nullNode {
		start = colon + len(f.text[colon:]) - len(strings.TrimLeft(f.text[colon:], " "))
	}
	return f.replace(start, f.end(start, flow), value, e.col, v.kind == listNode, flow)
}

func (f *File) replaceItem(n *node, value string, flow bool) string {
	start := f.offset(n.line, n.col)
	if n.kind == nullNode && f.end(start, flow) <= start {
		return f.splice(start, start, " "+value)
	}
	return f.replace(start, f.end(start, flow), value, n.col-1, false, flow)
}

// replace puts a value between start and end, and drops the lines below that belong to the old one.
func (f *File) replace(start, end int, value string, col int, isList, flow bool) string {
	out := f.text[:start] + value
	if flow {
		return out + f.text[end:]
	}
	line := f.lineEnd(end)
	return out + f.text[end:line] + f.text[f.belowEnd(line, col, isList):]
}

// lineEnd is the line end at or after a byte.
func (f *File) lineEnd(at int) int {
	if i := strings.IndexByte(f.text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(f.text)
}

// belowEnd is the end of the lines after a line end that are indented deeper than a key at col; comments and blank lines
// after the last of them stay. A list may start at the key's own column.
func (f *File) belowEnd(line, col int, isList bool) int {
	last := line
	for at := line; at < len(f.text); {
		end := f.lineEnd(at + 1)
		text := f.text[at+1 : end]
		bare := strings.TrimLeft(text, " ")
		indent := len(text) - len(bare)
		dash := isList && indent == col-1 && (bare == "-" || strings.HasPrefix(bare, "- "))
		switch {
		case bare == "" || bare[0] == '#':
		case indent >= col || dash:
			last = end
		default:
			return last
		}
		if at = end; end == len(f.text) {
			break
		}
	}
	return last
}

// end is where the value that starts at a byte ends, as far as it is written in line.
func (f *File) end(at int, flow bool) int {
	if at >= len(f.text) {
		return at
	}
	switch f.text[at] {
	case '"', '\'':
		return f.endOfQuotes(at)
	case '{', '[':
		return f.endOfBrackets(at)
	}
	stop := f.lineEnd(at)
	if flow {
		if i := strings.IndexAny(f.text[at:], ",]}"); i >= 0 {
			stop = at + i
		}
	}
	text := f.text[at:stop]
	if strings.HasPrefix(strings.TrimLeft(text, " "), "#") {
		text = ""
	} else if i := strings.Index(text, " #"); i >= 0 {
		text = text[:i]
	}
	return at + len(strings.TrimRight(text, " \n"))
}

func (f *File) endOfQuotes(at int) int {
	mark := f.text[at]
	for i := at + 1; i < len(f.text); i++ {
		switch {
		case f.text[i] == '\\' && mark == '"':
			i++
		case f.text[i] == mark && mark == '\'' && i+1 < len(f.text) && f.text[i+1] == mark:
			i++
		case f.text[i] == mark:
			return i + 1
		}
	}
	return len(f.text)
}

func (f *File) endOfBrackets(at int) int {
	depth := 0
	for i := at; i < len(f.text); i++ {
		switch c := f.text[i]; {
		case (c == '"' || c == '\'') && strings.IndexByte(" ,[{:\n", f.text[i-1]) >= 0:
			i = f.endOfQuotes(i) - 1
		case c == '#' && (f.text[i-1] == ' ' || f.text[i-1] == '\n'):
			i = f.lineEnd(i)
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(f.text)
}

// insert adds "key: value" to a mapping: after its last entry, or first inside braces.
func (f *File) insert(n *node, pair string, flow bool) string {
	if flow {
		start := f.offset(n.line, n.col)
		if len(n.entries) > 0 {
			pair += ", "
		}
		return f.splice(start+1, start+1, pair)
	}
	last := n.entries[len(n.entries)-1]
	end := f.afterColon(last)
	if v := last.value; v.kind != nullNode && (v.line == last.line || v.flow) {
		end = f.end(f.offset(v.line, v.col), false)
	}
	end = f.belowEnd(f.lineEnd(end), last.col, last.value.kind == listNode)
	return f.splice(end, end, "\n"+strings.Repeat(" ", last.col-1)+pair)
}
