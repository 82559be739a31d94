"""Cases whose tests stand beside others of the same kind, outside this folder."""

from cases import register

STREAMS = "tests/rows/streams/test_bad_streams.py"
FILES = "tests/saving/test_model_file_hostile.py"
REPLACED = "tests/system/test_atomic_write.py"
DASK = "tests/dask/test_dask.py"
PROCESSES, INTERRUPTS = "tests/system/test_processes.py", "tests/system/test_interrupts.py"


for number, what, outcome, test in [
    (53, "sgd with a learning rate of 1e6", "`DivergenceError`: epoch and batch, the last finite weights stay; finite "
     "but a loss over 10 × the first epoch's: a warning",
     "tests/training/test_divergence.py::test_epoch_and_batch_are_named_and_the_last_finite_weights_kept"),
    (65, "nulls in Parquet without imputation", "`ValueError`: the column and the row group",
     f"{STREAMS}::test_null_in_a_column_without_imputation"),
    (66, "a column of different types in two files", "read as one where both hold numbers, or both text; else "
     "`ValueError`: the column and both files",
     f"{STREAMS}::test_files_whose_columns_differ"),
    (67, "a first file whose column is all null", "the column has the type it has in the other files",
     f"{STREAMS}::test_a_first_file_whose_column_is_all_null_takes_the_type_of_the_others"),
    (68, "a missing column, or one more", "`ValueError`: names it; one more is left out where `columns` are named",
     f"{STREAMS}::test_columns_that_are_not_there"),
    (69, "an empty row group or file", "skipped: the same result as without it",
     f"{STREAMS}::test_empty_row_groups_and_files_are_skipped"),
    (70, "a truncated Parquet file", "`OSError`: the path", f"{STREAMS}::test_damaged_files"),
    (71, "a model file of 0 bytes", "`ModelFormatError`", f"{FILES}::test_truncated_at_every_byte"),
    (72, "a model file cut at any byte", "`ModelFormatError`", f"{FILES}::test_truncated_at_every_byte"),
    (73, "any bit of a model file flipped", "`ModelFormatError`", f"{FILES}::test_one_bit_flipped_in_every_byte"),
    (74, "shapes that overflow, are negative, or overlap", "`ModelFormatError`, nothing is allocated",
     f"{FILES}::test_places_and_shapes"),
    (75, "a header of 2⁶⁰ bytes", "`ModelFormatError`, at once", f"{FILES}::test_header_s_length"),
    (76, "a pickle under the name of a model", "`ModelFormatError`, no code runs",
     f"{FILES}::test_a_pickle_in_disguise"),
    (77, "a model file of a newer version", "`ModelFormatError`: upgrade", f"{FILES}::test_newer_versions"),
    (78, "a model file of an older version", "loads",
     "tests/saving/test_model_file.py::test_files_of_released_versions"),
    (79, '"../" or a link inside a model file', "`ModelFormatError`",
     f"{FILES}::test_more_of_tensors"),
    (80, "NaN among the weights in a file", "`ModelFormatError`", f"{FILES}::test_more_of_tensors"),
    (81, "killed at any step of a save", "the old or the new file loads",
     f"{REPLACED}::test_killed_at_each_system_call"),
    (82, "disk full or an I/O error while saving", "`OSError`, the old file is intact, no temporary is left",
     f"{REPLACED}::test_an_error_of_each_system_call"),
    (83, "a folder that cannot be written to", "an error before training begins",
     "tests/cli/test_main.py::test_a_mistake_is_one_line_and_exit_code_2"),
    (84, "eight fits from eight threads", "each as if alone",
     f"{PROCESSES}::test_eight_threads_fit_at_once_each_as_if_alone"),
    (85, "predict during a refit", "by the old or the new weights, never by both",
     f"{INTERRUPTS}::test_a_model_is_whole_while_another_thread_fits_it"),
    (86, "one estimator fitted twice at once", "`RuntimeError`", f"{INTERRUPTS}::test_one_fit_at_a_time"),
    (87, "fork after a fit, the child fits", "works", f"{PROCESSES}::test_processes"),
    (88, "loky, spawn, preloading servers", "work", f"{PROCESSES}::test_processes"),
    (89, "pickled during a fit", "`RuntimeError`", f"{INTERRUPTS}::test_one_fit_at_a_time"),
    (90, "Ctrl-C at random times", "returns within a second, and predicts",
     f"{INTERRUPTS}::test_a_fit_goes_on_from_any_moment_with_the_same_bits"),
    (91, "a Dask worker killed", "the same result, or an error within the deadline",
     f"{DASK}::test_a_worker_that_dies_between_steps"),
    (92, "a Dask task repeated or reordered", "each row counts once",
     f"{DASK}::test_a_worker_that_dies_in_the_middle_of_a_task"),
    (93, "a kernel cache that is damaged, read-only or full", "the same result, at most one warning",
     "tests/jit/test_cache_processes.py::test_a_folder_that_takes_nothing"),
]:  # fmt: skip
    register(number, what, outcome, test)
