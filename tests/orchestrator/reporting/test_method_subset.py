from orchestrator.reporting.method_subset import subset_of


def test_an_excerpt_has_the_methods_asked_for_and_the_baselines(fakes):
    finals = fakes.finals(
        fakes.final("npo", 1, retain=0.75, quality=-4.0, rank=2),
        fakes.final("ga", 0, retain=0.75, quality=-1.0, rank=1),
        comparisons=(fakes.compared("ga", "npo", 3.0, p=0.01),),
    )
    part, kept = subset_of(fakes.record(), finals, ["rmu", "npo"])
    assert list(part.config.methods) == ["rmu", "npo"]
    assert {entry.label for entry in part.entries} == {"original", "gold", "npo", "rmu"}
    assert [(final.label, final.rank) for final in kept.finals] == [("npo", 2)]
    assert kept.comparisons == ()


def test_all_methods_are_the_whole_sweep(fakes):
    record = fakes.record()
    assert subset_of(record, None, list(record.config.methods)) == (record, None)
