package sealed

import (
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"

	"certdesk/flows"
)

// CBOR with numbered fields: compact, strict, and read across releases. A
// Secret is encoded through its binary form, which encoders made for reading
// never ask for.
var (
	encoding = must(cbor.EncOptions{Sort: cbor.SortCanonical, Time: cbor.TimeRFC3339Nano}.EncMode())
	decoding = must(cbor.DecOptions{
		MaxArrayElements: 1024, MaxMapPairs: 1024, MaxNestedLevels: 16,
		DupMapKey: cbor.DupMapKeyEnforcedAPF,
	}.DecMode())
)

func must[T any](mode T, err error) T {
	if err != nil {
		panic(err) // the options above are wrong: no input can cause it
	}
	return mode
}

// Encode turns a value into bytes and seals them for a place.
func Encode(k *Keys, place string, v any) ([]byte, error) {
	plain, err := encoding.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("sealed: encode %T: %w", v, err)
	}
	return k.Seal(place, plain), nil
}

// Decode is the inverse of [Encode].
func Decode(k *Keys, place string, box []byte, v any) error {
	plain, err := k.Open(place, box)
	if err != nil {
		return err
	}
	if err := decoding.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("sealed: decode %T: %w", v, err)
	}
	return nil
}

// tagged carries a value of a closed set together with its name.
type tagged struct {
	Name string          `cbor:"1,keyasint"`
	Body cbor.RawMessage `cbor:"2,keyasint"`
}

// EncodeEffect seals an effect with its verb.
func EncodeEffect(k *Keys, place string, e flows.Effect) ([]byte, error) {
	return encodeTagged(k, place, string(e.Verb()), e)
}

// DecodeEffect is the inverse of [EncodeEffect].
func DecodeEffect(k *Keys, place string, box []byte) (flows.Effect, error) {
	v, err := decodeTagged(k, place, box, func(name string) any {
		return flows.EffectOf(flows.Verb(name))
	})
	if err != nil {
		return nil, err
	}
	return v.(flows.Effect), nil
}

// EncodeHappening seals what an event tells with its kind.
func EncodeHappening(k *Keys, place string, h flows.Happening) ([]byte, error) {
	return encodeTagged(k, place, string(h.Kind()), h)
}

// DecodeHappening is the inverse of [EncodeHappening].
func DecodeHappening(k *Keys, place string, box []byte) (flows.Happening, error) {
	v, err := decodeTagged(k, place, box, func(name string) any {
		return flows.HappeningOf(flows.Kind(name))
	})
	if err != nil {
		return nil, err
	}
	return v.(flows.Happening), nil
}

func encodeTagged(k *Keys, place, name string, v any) ([]byte, error) {
	body, err := encoding.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("sealed: encode %s: %w", name, err)
	}
	return Encode(k, place, tagged{Name: name, Body: body})
}

// decodeTagged makes a fresh value of the type that a name stands for and
// returns it by value, as it went in.
func decodeTagged(k *Keys, place string, box []byte, zero func(string) any) (any, error) {
	var t tagged
	if err := Decode(k, place, box, &t); err != nil {
		return nil, err
	}
	kind := zero(t.Name)
	if kind == nil {
		return nil, fmt.Errorf("%w: nothing is called %q here", ErrSealed, t.Name)
	}
	v := reflect.New(reflect.TypeOf(kind))
	if err := decoding.Unmarshal(t.Body, v.Interface()); err != nil {
		return nil, fmt.Errorf("sealed: decode %s: %w", t.Name, err)
	}
	return v.Elem().Interface(), nil
}
