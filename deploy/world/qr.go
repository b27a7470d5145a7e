// Reading the QR code in a picture that a program drew. A telephone can do
// this, so the city can: what is scanned is what the chat really showed.
//
// Source: ISO/IEC 18004:2015. There is no error correction and no perspective:
// a damaged or photographed code is refused, never guessed at.

package world

import (
	"errors"
	"fmt"
	"image"
	"math/bits"
	"strings"
)

var errQR = errors.New("world: not a readable QR code")

// grid is a code as modules, true for dark.
type grid struct {
	dark [][]bool
	size int
}

func (g grid) version() int { return (g.size - 17) / 4 }

// readQR returns what a code says.
func readQR(picture image.Image) (string, error) {
	g, err := sample(picture)
	if err != nil {
		return "", err
	}
	level, mask, err := g.format()
	if err != nil {
		return "", err
	}
	words := untangle(g.codewords(mask), g.version(), level)
	if words == nil {
		return "", fmt.Errorf("%w: codewords are missing", errQR)
	}
	return decodeBits(words, g.version())
}

// sample finds the code by its dark pixels, and its size by the timing patterns,
// which count the modules of a row and of a column.
func sample(picture image.Image) (grid, error) {
	dark := func(x, y int) bool {
		r, g, b, a := picture.At(x, y).RGBA()
		return a > 0x7fff && r+g+b < 3*0x8000
	}
	var box image.Rectangle
	all := picture.Bounds()
	for y := all.Min.Y; y < all.Max.Y; y++ {
		for x := all.Min.X; x < all.Max.X; x++ {
			if dark(x, y) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if box.Dx() != box.Dy() {
		return grid{}, fmt.Errorf("%w: no square", errQR)
	}
	for size := 21; size <= min(177, box.Dx()); size += 4 {
		at := func(x, y int) bool {
			return dark(box.Min.X+(2*x+1)*box.Dx()/(2*size), box.Min.Y+(2*y+1)*box.Dy()/(2*size))
		}
		if timed(at, size) {
			return gridOf(at, size), nil
		}
	}
	return grid{}, fmt.Errorf("%w: no timing patterns", errQR)
}

// timed tells whether both timing patterns alternate as in a code of this size,
// between finder patterns with light around them.
func timed(at func(x, y int) bool, size int) bool {
	for i := range size {
		want := i%2 == 0 || i < 7 || i >= size-7
		if i == 7 || i == size-8 {
			want = false
		}
		if at(i, 6) != want || at(6, i) != want {
			return false
		}
	}
	return !at(1, 1) && at(3, 3)
}

func gridOf(at func(x, y int) bool, size int) grid {
	g := grid{dark: make([][]bool, size), size: size}
	for y := range size {
		g.dark[y] = make([]bool, size)
		for x := range size {
			g.dark[y][x] = at(x, y)
		}
	}
	return g
}

// The levels of error correction, as the format information numbers them.
const (
	levelM = iota
	levelL
	levelH
	levelQ
)

// format reads level and mask beside the upper left finder pattern. Of the 32
// values the nearest is taken, if it is near.
func (g grid) format() (level, mask int, err error) {
	read := 0
	for i := range 15 {
		x, y := 8, i
		switch {
		case i >= 9:
			x, y = 14-i, 8
		case i == 8:
			x, y = 7, 8
		case i >= 6:
			y = i + 1
		}
		if g.dark[y][x] {
			read |= 1 << i
		}
	}
	for value := range 32 {
		if bits.OnesCount(uint(read^formatCode(value))) <= 3 {
			return value >> 3, value & 7, nil
		}
	}
	return 0, 0, fmt.Errorf("%w: format", errQR)
}

// formatCode is the BCH (15,5) code of a format, masked.
func formatCode(value int) int {
	rest := value << 10
	for i := 14; i >= 10; i-- {
		if rest>>i&1 == 1 {
			rest ^= 0x537 << (i - 10)
		}
	}
	return (value<<10 | rest) ^ 0x5412
}

// masks tell whether a module was turned over.
var masks = [8]func(x, y int) bool{
	func(x, y int) bool { return (x+y)%2 == 0 },
	func(_, y int) bool { return y%2 == 0 },
	func(x, _ int) bool { return x%3 == 0 },
	func(x, y int) bool { return (x+y)%3 == 0 },
	func(x, y int) bool { return (x/3+y/2)%2 == 0 },
	func(x, y int) bool { return x*y%2+x*y%3 == 0 },
	func(x, y int) bool { return (x*y%2+x*y%3)%2 == 0 },
	func(x, y int) bool { return ((x+y)%2+x*y%3)%2 == 0 },
}

// codewords walks the code from its lower right corner, two columns at a time,
// up and down by turns.
func (g grid) codewords(mask int) []byte {
	var words []byte
	word, n := byte(0), 0
	for right := g.size - 1; right > 0; right -= 2 {
		if right == 6 {
			right-- // the timing pattern has this column for itself
		}
		for step := range g.size {
			y := step
			if (right+1)&2 == 0 {
				y = g.size - 1 - step
			}
			for _, x := range []int{right, right - 1} {
				if g.reserved(x, y) {
					continue
				}
				word <<= 1
				if g.dark[y][x] != masks[mask](x, y) {
					word |= 1
				}
				if n++; n%8 == 0 {
					words = append(words, word)
				}
			}
		}
	}
	return words
}

// reserved tells whether a module carries no data.
func (g grid) reserved(x, y int) bool {
	last, v := g.size-1, g.version()
	switch {
	case x == 6 || y == 6: // timing
		return true
	case x <= 8 && y <= 8, x >= last-7 && y <= 8, x <= 8 && y >= last-7: // finders and format
		return true
	case v >= 7 && (x >= last-10 && y <= 5 || x <= 5 && y >= last-10): // version
		return true
	}
	centres := alignment(v)
	for i, cy := range centres {
		for j, cx := range centres {
			corner := i == 0 && j == 0 || i == 0 && j == len(centres)-1 || i == len(centres)-1 && j == 0
			if !corner && max(x-cx, cx-x) <= 2 && max(y-cy, cy-y) <= 2 {
				return true
			}
		}
	}
	return false
}

// alignment returns the coordinates of the alignment patterns' centres.
func alignment(version int) []int {
	if version == 1 {
		return nil
	}
	n := version/7 + 2
	step := (version*8 + n*3 + 5) / (n*4 - 4) * 2
	centres := make([]int, n)
	for i := n - 1; i > 0; i-- {
		centres[i] = version*4 + 10 - (n-1-i)*step
	}
	centres[0] = 6
	return centres
}

// checkWords is how many codewords of a block check it, by level and version.
var checkWords = [4][40]int{
	levelL: {7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
	levelM: {10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28},
	levelQ: {13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
	levelH: {17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
}

// blockCounts is into how many blocks a code is divided, by level and version.
var blockCounts = [4][40]int{
	levelL: {1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25},
	levelM: {1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49},
	levelQ: {1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68},
	levelH: {1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81},
}

// untangle puts the data words of the interleaved blocks one behind the other,
// or returns nil when there are too few. The later blocks may be one word
// longer.
func untangle(words []byte, version, level int) []byte {
	blocks, check := blockCounts[level][version-1], checkWords[level][version-1]
	short := len(words)/blocks - check
	longer := len(words) % blocks
	if short < 1 {
		return nil
	}
	data := make([][]byte, blocks)
	next := 0
	for i := range short + 1 {
		for b := range data {
			if i == short && b < blocks-longer {
				continue
			}
			data[b] = append(data[b], words[next])
			next++
		}
	}
	var all []byte
	for _, block := range data {
		all = append(all, block...)
	}
	return all
}

// reader takes bits from words.
type reader struct {
	words []byte
	at    int // in bits
}

func (r *reader) left() int { return len(r.words)*8 - r.at }

func (r *reader) take(n int) (value int) {
	for range n {
		value = value<<1 | int(r.words[r.at/8]>>(7-r.at%8))&1
		r.at++
	}
	return value
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// decodeBits reads the segments of a code.
func decodeBits(words []byte, version int) (string, error) {
	r := &reader{words: words}
	var text strings.Builder
	for r.left() >= 4 {
		var err error
		switch mode := r.take(4); mode {
		case 0:
			return text.String(), nil
		case 1:
			err = r.symbols(&text, counts(version, 10, 12, 14), 3, []int{0, 4, 7, 10}, "0123456789")
		case 2:
			err = r.symbols(&text, counts(version, 9, 11, 13), 2, []int{0, 6, 11}, alphanumeric)
		case 4:
			err = r.bytes(&text, counts(version, 8, 16, 16))
		default:
			err = fmt.Errorf("%w: mode %d", errQR, mode)
		}
		if err != nil {
			return "", err
		}
	}
	return text.String(), nil
}

// counts is the width of a segment's length.
func counts(version, small, medium, large int) int {
	switch {
	case version < 10:
		return small
	case version < 27:
		return medium
	}
	return large
}

// symbols reads a segment whose characters are packed in groups; widths are the
// bits of a group of each length.
func (r *reader) symbols(text *strings.Builder, width, group int, widths []int, alphabet string) error {
	if r.left() < width {
		return errQR
	}
	for n := r.take(width); n > 0; n -= group {
		size := min(n, group)
		if r.left() < widths[size] {
			return errQR
		}
		value := r.take(widths[size])
		chars := make([]byte, size)
		for i := size - 1; i >= 0; i-- {
			chars[i] = alphabet[value%len(alphabet)]
			value /= len(alphabet)
		}
		text.Write(chars)
	}
	return nil
}

func (r *reader) bytes(text *strings.Builder, width int) error {
	if r.left() < width {
		return errQR
	}
	n := r.take(width)
	if r.left() < 8*n {
		return errQR
	}
	for range n {
		text.WriteByte(byte(r.take(8)))
	}
	return nil
}
