"""``ssenet-lab up``: one parent that starts, watches and stops every process of the product."""
