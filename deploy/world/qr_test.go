package world

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
)

func TestReadQR(t *testing.T) {
	levels := []qrcode.RecoveryLevel{qrcode.Low, qrcode.Medium, qrcode.High, qrcode.Highest}
	for _, size := range []int{-3, 600, 1000} {
		for _, level := range levels {
			for n := 1; n < 1200; n = n*3/2 + 1 {
				want := ("https://qr.alipay.com/bax0123456789/付款?" + strings.Repeat("A7-b", n))[:n+8]
				code, err := qrcode.New(want, level)
				if err != nil {
					t.Fatal(err)
				}
				got, err := readQR(code.Image(size))
				if err != nil || got != want {
					t.Fatalf("readQR of version %d, level %v, size %d = %q, %v, want %q", code.VersionNumber, level, size, got, err, want)
				}
			}
		}
	}
}

func TestReadQRNumbers(t *testing.T) {
	for _, want := range []string{"1", "12", "123", "20880000000000001", "HTTP://A.EXAMPLE/1", "ABC"} {
		code, err := qrcode.New(want, qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readQR(code.Image(300)); err != nil || got != want {
			t.Errorf("readQR = %q, %v, want %q", got, err, want)
		}
	}
}

func TestReadQRRefuses(t *testing.T) {
	black := image.NewGray(image.Rect(0, 0, 100, 100))
	white := image.NewUniform(color.White)
	for name, picture := range map[string]image.Image{"black": black, "white": crop{white}} {
		if got, err := readQR(picture); !errors.Is(err, errQR) {
			t.Errorf("readQR of %s = %q, %v, want errQR", name, got, err)
		}
	}
}

// crop bounds a picture without bounds.
type crop struct{ image.Image }

func (crop) Bounds() image.Rectangle { return image.Rect(0, 0, 50, 50) }

func FuzzReadQR(f *testing.F) {
	code, err := qrcode.New("https://qr.alipay.com/bax", qrcode.Medium)
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code.Image(-1)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), uint(0))
	f.Add(b.Bytes(), uint(333))
	f.Fuzz(func(t *testing.T, data []byte, spot uint) {
		head, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil || head.Width > 200 || head.Height > 200 {
			return
		}
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		spoilt := image.NewGray(picture.Bounds())
		for i := range spoilt.Pix {
			x, y := i%spoilt.Stride, i/spoilt.Stride
			spoilt.Set(x, y, picture.At(spoilt.Rect.Min.X+x, spoilt.Rect.Min.Y+y))
		}
		if len(spoilt.Pix) > 0 {
			spoilt.Pix[spot%uint(len(spoilt.Pix))] ^= 0xff
		}
		_, _ = readQR(spoilt) // must only come back
	})
}

// TestDecodeBitsEnds cuts a code's words at every length: nothing may be read
// beyond them.
func TestDecodeBitsEnds(t *testing.T) {
	words := []byte{0x40, 0xff, 0x41, 0x10, 0x29, 0xff, 0x20, 0x39, 0x67, 0x70}
	for version := range 40 {
		for n := range len(words) {
			for start := range n {
				_, _ = decodeBits(words[start:n], version+1)
			}
		}
	}
}
