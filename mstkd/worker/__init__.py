"""The engine's door for Slicer: ``python -u -m mstkd.worker REQUESTS PARENT``, JSON lines both ways.

A request is one line that the parent, whose process number is given, appends to the file; requests are answered in
their order::

    {"task": "segment", "volumes": {"flair": FILE, ...}, "names": {"flair": "what to call it", ...},
     "labels": FILE, "uncertainty": FILE or null, "report": FOLDER or null, "reference": "t1gd" or null,
     "align": true, "brain": FILE or null, "model": FOLDER or null, "device": "auto"}
    {"task": "study", "folder": FOLDER, "output": FOLDER, "align": true, "model": FOLDER or null, "device": "auto"}
    {"task": "stage_model", "source": FILE, FOLDER or address, "sha256": TEXT or null}
    {"task": "describe_training"}
    {"task": "check_config", "settings": {}}
    {"task": "check_data", "folder": FOLDER or FILE, "labels": ["DATASET=CONVENTION" or "CONVENTION", ...],
     "validation": 0.1, "test": 0.2, "seed": 0, "output": FILE or null}
    {"task": "unpack_case", "images": {"flair": FILE, ...}, "channels": {"flair": 0}, "label": FILE or null,
     "output": FOLDER}
    {"task": "new_run", "settings": {}, "datalist": FILE, "run": FOLDER}
    {"task": "new_ablation", "settings": {}, "datalist": FILE, "folder": FOLDER}
    {"task": "estimate", "settings": {}, "datalist": FILE, "cache": FOLDER, "runs": FOLDER, "device": "auto"}
    {"task": "finish_run", "run": FOLDER, "description": {"name", "version", "summary", "licence",
     "dataset_licences": {DATASET: TEXT}}, "output": FOLDER, "split": "test" or "validation", "device": "auto"}
    {"task": "save_configuration", "settings": {}, "datalist": FILE, "folder": FOLDER, "processes": 1}
    {"task": "cancel"}

Events are lines on standard output:

- ``ready`` once, when torch, MONAI and the pipeline are loaded: ``device``, ``device_name``, ``threads``, ``versions``
- ``progress``: ``share`` (0 to 1), ``text``
- ``alive`` every two seconds in which something was computed, so that a worker that hangs falls silent
- ``done``, with what the task asked for:

  - segment: ``summary``, ``segments`` and ``tissues`` of the patient
  - study: ``outcome``
  - stage_model: ``staged`` (its folder) and ``card``
  - describe_training: ``schema`` (JSON schema of a training's settings, with units) and ``presets``
    ``{NAME: {"title", "settings"}}``
  - check_config: ``settings``, complete, and with the network of the model that they start from
  - check_data: ``summary`` as of ``mstkd data check --json``; ``cases`` (``id``, ``dataset``, ``patient``, ``images``
    and ``channels`` by sequence, ``label``, ``convention``, ``split``, ``problems``, ``remarks``, ``usable``);
    ``refusal`` (why there is nothing to go on with) and ``written`` (the datalist), each or null
  - unpack_case: ``images`` and ``label``, files in the folder as uncompressed NRRD on their own grids, as far as they
    could be read; ``problems``, a sentence for each that could not
  - new_run: ``run``; new_ablation: ``folder``; the training is then a process of its own, ``mstkd train --resume RUN``
    or ``mstkd ablate FOLDER/ablation.yaml --data FOLDER/datalist.json -o FOLDER``
  - estimate: ``estimate`` with the fields of `mstkd.training.estimate.Estimate`
  - finish_run: ``model`` (folder), ``page`` and ``curves`` (files), ``facts`` (sentences), ``rows`` with the fields of
    `mstkd.training.finish.Row`; also kept in ``OUTPUT/evaluation/figures.json``
  - save_configuration: ``files`` and the ``command`` that its scripts give
- ``error``: ``message``, one sentence; the worker stays alive
- ``cancelled``: the answer to ``cancel``; the worker ends with exit code 0

``cancel`` stops the running request, and drops those that wait, at its next report of progress or
between two passes of the network; nothing is written then. One that comes too late finds the request
answered first. The end of the parent stops everything likewise. Whatever else prints goes to standard error.
"""
