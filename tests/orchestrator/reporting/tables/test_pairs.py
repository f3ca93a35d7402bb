from orchestrator.reporting.tables.pairs import Pair, l1_pairs

L1 = "{low: 1e-3, high: 1.0}"
TWO = ("methods=[npo]", "search.l1=null", f"methods.npo.search.l1={L1}")
PLAIN = "methods.npo_no_l1={method: npo}"


def test_one_method_with_l1_searched_and_with_l1_at_0_is_a_pair(fakes):
    config = fakes.config(*TWO, PLAIN)
    assert l1_pairs(config) == (Pair("npo", "npo", "npo_no_l1"),)


def test_two_methods_and_two_settings_are_none(fakes):
    assert l1_pairs(fakes.config(*TWO, "methods.ga={}")) == ()
    assert l1_pairs(fakes.config(*TWO, "methods.other={method: npo, beta: 0.5}")) == ()


def test_another_search_is_none(fakes):
    other = "methods.npo_no_l1={method: npo, search: {lr: {low: 1e-5, high: 1e-4}}}"
    assert l1_pairs(fakes.config(*TWO, other)) == ()
    further = "methods.npo_no_l1={method: npo, search: {beta: default}}"
    assert l1_pairs(fakes.config(*TWO, further)) == ()


def test_a_sweep_that_searches_l1_for_all_or_trains_all_with_some_has_none(fakes):
    assert l1_pairs(fakes.config(PLAIN)) == ()
    assert l1_pairs(fakes.config(*TWO, PLAIN, "training.l1=0.01")) == ()


def test_another_recipe_is_none(fakes):
    own = "methods.npo_no_l1={method: npo, training: {epochs: 3}}"
    assert l1_pairs(fakes.config(*TWO, own)) == ()
    part = "methods.npo_no_l1={method: npo, forget: text}"
    assert l1_pairs(fakes.config(*TWO, part)) == ()
    sparse = "methods.npo_no_l1={method: npo, training: {l1: 0.01}}"
    assert l1_pairs(fakes.config(*TWO, sparse)) == ()


def test_what_is_tried_first_may_differ_in_l1_alone(fakes):
    first = "methods.npo.first=[{lr: 1e-3, l1: 0.1}]"
    same = "methods.npo_no_l1={method: npo, first: [{lr: 1e-3}]}"
    assert len(l1_pairs(fakes.config(*TWO, first, same))) == 1
    assert l1_pairs(fakes.config(*TWO, first, PLAIN)) == ()


def test_each_variant_of_a_method_is_paired_with_its_own(fakes):
    strong = (
        f"methods.strong={{method: npo, beta: 0.5, search: {{l1: {L1}}}}}",
        "methods.strong_no_l1={method: npo, beta: 0.5}",
    )
    assert l1_pairs(fakes.config(*TWO, PLAIN, *strong)) == (
        Pair("npo", "npo", "npo_no_l1"),
        Pair("npo", "strong", "strong_no_l1"),
    )
