//go:build goexperiment.simd

package fewrows

import "simd"

// plain computes out = lhs rhs for the columns [from, to): lhs [m, k], rhs [k, n], out [m, n].
func plain(lhs, rhs, out []float32, m, n, k, from, to int) {
	width := simd.Float32s{}.Len()
	j := from
	for ; j+4*width <= to; j += 4 * width {
		i := 0
		for ; i+2 <= m; i += 2 {
			columns2(lhs[i*k:(i+2)*k], rhs[j:], out[i*n+j:], n, k)
		}
		if i < m {
			columns(lhs[i*k:(i+1)*k], rhs[j:], out[i*n+j:], n)
		}
	}
	for ; j < to; j += width {
		last := min(j+width, to)
		for i := range m {
			column(lhs[i*k:(i+1)*k], rhs[j:], out[i*n+j:i*n+last], n)
		}
	}
}

// columns2 makes four vectors of columns of two rows: x [2, k], rhs [k, n] and out [2, n] from their first column on.
func columns2(x, rhs, out []float32, n, k int) {
	var a0, a1, a2, a3, b0, b1, b2, b3 simd.Float32s
	width := a0.Len()
	x0, x1 := x[:k], x[k:2*k]
	for at := range k {
		u, v := simd.BroadcastFloat32s(x0[at]), simd.BroadcastFloat32s(x1[at])
		row := rhs[at*n : at*n+4*width]
		w := simd.LoadFloat32s(row)
		a0, b0 = w.MulAdd(u, a0), w.MulAdd(v, b0)
		w = simd.LoadFloat32s(row[width:])
		a1, b1 = w.MulAdd(u, a1), w.MulAdd(v, b1)
		w = simd.LoadFloat32s(row[2*width:])
		a2, b2 = w.MulAdd(u, a2), w.MulAdd(v, b2)
		w = simd.LoadFloat32s(row[3*width:])
		a3, b3 = w.MulAdd(u, a3), w.MulAdd(v, b3)
	}
	store4(out, a0, a1, a2, a3)
	store4(out[n:], b0, b1, b2, b3)
}

// columns is columns2 of one row.
func columns(x, rhs, out []float32, n int) {
	var a0, a1, a2, a3 simd.Float32s
	width := a0.Len()
	for at, value := range x {
		u := simd.BroadcastFloat32s(value)
		row := rhs[at*n : at*n+4*width]
		a0 = simd.LoadFloat32s(row).MulAdd(u, a0)
		a1 = simd.LoadFloat32s(row[width:]).MulAdd(u, a1)
		a2 = simd.LoadFloat32s(row[2*width:]).MulAdd(u, a2)
		a3 = simd.LoadFloat32s(row[3*width:]).MulAdd(u, a3)
	}
	store4(out, a0, a1, a2, a3)
}

func store4(out []float32, a, b, c, d simd.Float32s) {
	width := a.Len()
	a.Store(out)
	b.Store(out[width:])
	c.Store(out[2*width:])
	d.Store(out[3*width:])
}

// column makes at most one vector of columns of one row.
func column(x, rhs, out []float32, n int) {
	var a simd.Float32s
	for at, value := range x {
		a = part(rhs[at*n:at*n+len(out)]).MulAdd(simd.BroadcastFloat32s(value), a)
	}
	a.StorePart(out)
}
