//go:build !cgo

// This file stands in for PKCS#11 where the tool was built without cgo.

package main

import "certdesk/cmd/ukeyagent/token"

func load(string) (driver, error) { return nil, token.ErrNotBuilt }
