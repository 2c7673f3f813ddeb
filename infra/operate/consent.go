package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// consent asks before something is written in a stage that is not for trying things out.
func (c console) consent(cmd command, p place) error {
	if cmd.withoutEffect || cmd.yes || p.local || p.stage == defaultStage {
		return nil
	}
	if !c.terminal {
		return misused("%s writes in stage %s and nobody can be asked here: add -yes (YES=1) if that is meant", cmd.name, p.stage)
	}
	c.say("%s writes in stage %s. Write the stage's name to go on:", cmd.name, p.stage)
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != p.stage {
		return errors.New("nothing was done: the stage's name was not written")
	}
	return nil
}
