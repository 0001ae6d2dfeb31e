//go:build goexperiment.simd

package fewrows

import "simd"

// transposed computes out[i][j] = lhs[i]·rhs[j] for the columns j in [from, to): lhs [m, k], rhs [n, k], out [m, n]. rhs is read
// once, from its beginning to its end, as memory is fastest; each of its rows meets all rows of lhs while it is near.
func transposed(lhs, rhs, out []float32, m, n, k, from, to int) {
	for j := from; j < to; j++ {
		w := rhs[j*k : (j+1)*k]
		i := 0
		for ; i+2 <= m; i += 2 {
			out[i*n+j], out[(i+1)*n+j] = dot2(lhs[i*k:(i+1)*k], lhs[(i+1)*k:(i+2)*k], w)
		}
		if i < m {
			out[i*n+j] = dot(lhs[i*k:(i+1)*k], w)
		}
	}
}

// dot multiplies two rows. Four sums: one would wait for itself.
func dot(x, w []float32) float32 {
	var a, b, c, d simd.Float32s
	width := a.Len()
	for len(w) >= 4*width && len(x) >= 4*width {
		a = simd.LoadFloat32s(x).MulAdd(simd.LoadFloat32s(w), a)
		b = simd.LoadFloat32s(x[width:]).MulAdd(simd.LoadFloat32s(w[width:]), b)
		c = simd.LoadFloat32s(x[2*width:]).MulAdd(simd.LoadFloat32s(w[2*width:]), c)
		d = simd.LoadFloat32s(x[3*width:]).MulAdd(simd.LoadFloat32s(w[3*width:]), d)
		x, w = x[4*width:], w[4*width:]
	}
	for len(w) > 0 {
		a = part(x).MulAdd(part(w), a)
		x, w = x[min(width, len(x)):], w[min(width, len(w)):]
	}
	return sum(a.Add(b).Add(c.Add(d)))
}

// dot2 multiplies two rows by a third, each as dot does.
func dot2(x, y, w []float32) (float32, float32) {
	var a, b, c, d, e, f, g, h simd.Float32s
	width := a.Len()
	for len(w) >= 4*width && len(x) >= 4*width && len(y) >= 4*width {
		v := simd.LoadFloat32s(w)
		a, e = simd.LoadFloat32s(x).MulAdd(v, a), simd.LoadFloat32s(y).MulAdd(v, e)
		v = simd.LoadFloat32s(w[width:])
		b, f = simd.LoadFloat32s(x[width:]).MulAdd(v, b), simd.LoadFloat32s(y[width:]).MulAdd(v, f)
		v = simd.LoadFloat32s(w[2*width:])
		c, g = simd.LoadFloat32s(x[2*width:]).MulAdd(v, c), simd.LoadFloat32s(y[2*width:]).MulAdd(v, g)
		v = simd.LoadFloat32s(w[3*width:])
		d, h = simd.LoadFloat32s(x[3*width:]).MulAdd(v, d), simd.LoadFloat32s(y[3*width:]).MulAdd(v, h)
		x, y, w = x[4*width:], y[4*width:], w[4*width:]
	}
	for len(w) > 0 {
		v := part(w)
		a, e = part(x).MulAdd(v, a), part(y).MulAdd(v, e)
		x, y, w = x[min(width, len(x)):], y[min(width, len(y)):], w[min(width, len(w)):]
	}
	return sum(a.Add(b).Add(c.Add(d))), sum(e.Add(f).Add(g.Add(h)))
}

// part is the beginning of x, as much of it as a vector holds, filled up with zeros. Not by simd.LoadFloat32sPart: on amd64 Go 1.27
// loads a whole vector for it and masks what was too much, so that behind the last numbers of the heap it faults.
func part(x []float32) simd.Float32s {
	if len(x) >= (simd.Float32s{}).Len() {
		return simd.LoadFloat32s(x)
	}
	var all [widest]float32
	copy(all[:], x)
	return simd.LoadFloat32s(all[:])
}

// widest is how many numbers a vector has at most: 512 bits.
const widest = 16

// sum adds the elements of a vector; there are at most 16 (512 bits) and at least 4.
func sum(v simd.Float32s) float32 {
	var x [widest]float32
	v.Store(x[:])
	var a, b, c, d float32
	for i := 0; i+4 <= v.Len(); i += 4 {
		a, b, c, d = a+x[i], b+x[i+1], c+x[i+2], d+x[i+3]
	}
	return a + b + (c + d)
}
