"""`python -m pixpaint` is `pixpaint`."""

import sys

from pixpaint.cli import main

sys.exit(main())
