package flows

import (
	_ "embed"
	"hash/fnv"
	"strings"
)

// The word in our messages (S13): whoever asks for a code says which word stands
// beside it, so that a message from somebody else is known by its word. It is
// one word for the whole of a talk, so it can be told before the message is out;
// another code does not make the last message look forged, and people come to
// know theirs.

// The words are short, plain and pleasant; none is about money, keys or programs,
// and none has a second meaning.
//
//go:embed checkwords.txt
var checkWordTable string

var checkWords = strings.Fields(checkWordTable)

// CheckWord is the word for whatever is named, for ever the same. Of two names
// one in 256 has the other's word.
func CheckWord(name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	return checkWords[h.Sum32()%uint32(len(checkWords))]
}
