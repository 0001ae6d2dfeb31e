// Command paritytable prints the tables of docs/parity.md from what tests noted in FETTLE_PARITY (docs/parity-models.sh runs both).
package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// cell is what all notes of a row and column say together.
type cell struct {
	most         float64
	equal, total int
}

func (c cell) String() string {
	switch {
	case c.total > 0 && c.equal == c.total:
		return fmt.Sprintf("%d equal", c.total)
	case c.total > 0:
		return fmt.Sprintf("**%d of %d**", c.equal, c.total)
	case c.most == 0:
		return "0"
	}
	return fmt.Sprintf("%.0e", c.most)
}

type table struct {
	rows, columns []string
	cells         map[[2]string]cell
}

func main() {
	tables := map[string]*table{}
	s := bufio.NewScanner(os.Stdin)
	for s.Scan() {
		f := strings.Split(s.Text(), "\t")
		if len(f) != 5 {
			continue
		}
		t := tables[f[0]]
		if t == nil {
			t = &table{cells: map[[2]string]cell{}}
			tables[f[0]] = t
		}
		t.add(f[1], f[2], f[3], f[4])
	}
	if err := s.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i, name := range os.Args[1:] {
		if i > 0 {
			fmt.Println()
		}
		if t := tables[name]; t != nil {
			t.print(name)
		}
	}
}

func (t *table) add(row, column, kind, value string) {
	if !slices.Contains(t.rows, row) {
		t.rows = append(t.rows, row)
	}
	if !slices.Contains(t.columns, column) {
		t.columns = append(t.columns, column)
	}
	v, _ := strconv.ParseFloat(value, 64) // the tests' own numbers
	c := t.cells[[2]string{row, column}]
	if kind == "equal" {
		c.total, c.equal = c.total+1, c.equal+int(v)
	} else {
		c.most = max(c.most, v)
	}
	t.cells[[2]string{row, column}] = c
}

func (t *table) print(name string) {
	slices.Sort(t.rows)
	fmt.Printf("| %s | %s |\n|---|%s\n", name, strings.Join(t.columns, " | "), strings.Repeat("---|", len(t.columns)))
	for _, row := range t.rows {
		fmt.Printf("| %s |", row)
		for _, column := range t.columns {
			c, ok := t.cells[[2]string{row, column}]
			if text := c.String(); ok {
				fmt.Printf(" %s |", text)
			} else {
				fmt.Print(" |")
			}
		}
		fmt.Println()
	}
}
