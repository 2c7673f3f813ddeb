package world_test

import "excs/shared/plan"

var planOptions = plan.Options{Lines: 60}
