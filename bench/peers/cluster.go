package main

import (
	"context"
	"errors"
)

type cluster struct{ pid int }

func (c *cluster) create(context.Context, string) (string, error) { return "", errors.New("x") }
