# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn is an extra: netlet works without it, and imports it for nothing else."""

from helpers import processes


def test_without_it_netlet_works_and_its_estimators_say_what_they_need():
    code = """
        import inspect, pydoc, sys

        sys.modules["sklearn"] = None  # as if it were not installed
        net = Network([2, 1], seed=0)
        assert pydoc.render_doc(netlet)
        assert dict(inspect.getmembers(netlet))["Network"] is Network
        for statement in ("import netlet.sklearn", "from netlet.sklearn import MLPClassifier", "netlet.sklearn"):
            try:
                exec(statement)
            except ImportError as error:
                print(error)
    """
    needs = "netlet.sklearn: expected scikit-learn 1.7 or newer, got "
    lines = processes.output(code).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(needs) and line.endswith("pip install 'netlet[sklearn]'") for line in lines)


def test_only_the_estimators_import_it():
    code = """
        import sys
        Network([2, 1], seed=0).fit(np.eye(2), np.ones(2), epochs=2)
        print([name for name in sys.modules if name.split(".")[0] in ("sklearn", "scipy", "joblib", "threadpoolctl")])
        import netlet.sklearn
        print("sklearn" in sys.modules)
    """
    assert processes.output(code).splitlines() == ["[]", "True"]
