// Package deploy holds the one file for operators that the demo uses as well.
package deploy

import _ "embed"

// SampleBranches is a list of banks' branches of the shape that certdesk branches
// import takes. The branches are made up.
//
//go:embed branches.sample.csv
var SampleBranches []byte
