"""The engine's door for Slicer: ``python -u -m mstkd.worker``, JSON lines both ways.

A request is one line on standard input; requests are answered in their order::

    {"task": "segment", "volumes": {"flair": FILE, ...}, "names": {"flair": "what to call it", ...},
     "labels": FILE, "uncertainty": FILE or null, "report": FOLDER or null, "reference": "t1gd" or null,
     "align": true, "brain": FILE or null, "model": FOLDER or null, "device": "auto"}
    {"task": "study", "folder": FOLDER, "output": FOLDER, "align": true, "model": FOLDER or null, "device": "auto"}
    {"task": "stage_model", "source": FILE, FOLDER or address, "sha256": TEXT or null}
    {"task": "describe_training"}
    {"task": "check_config", "settings": {}}
    {"task": "check_data", "folder": FOLDER or list, "labels": ["[DATASET=]NAME"], "validation": 0.1, "test": 0.2,
     "seed": 0, "output": FILE or null}
    {"task": "new_run", "settings": {}, "datalist": FILE, "run": FOLDER}
    {"task": "new_ablation", "settings": {}, "datalist": FILE, "folder": FOLDER}
    {"task": "estimate", "settings": {}, "datalist": FILE, "cache": FOLDER, "runs": FOLDER, "device": "auto"}
    {"task": "finish_run", "run": FOLDER, "description": {}, "output": FOLDER, "split": "test" or "validation",
     "device": "auto"}
    {"task": "save_configuration", "settings": {}, "datalist": FILE, "folder": FOLDER, "processes": 1}
    {"task": "cancel"}

Events are lines on standard output:

- ``ready`` once, when torch, MONAI and the pipeline are loaded: ``device``, ``device_name``, ``threads``, ``versions``
- ``progress``: ``share`` (0 to 1), ``text``
- ``alive`` every two seconds in which something was computed, so that a worker that hangs falls silent
- ``done``: ``summary``, ``segments`` and ``tissues`` of a patient; ``outcome`` of a study; ``staged`` and
  ``card`` of a model; and what is asked of a training:

  - describe_training: ``schema`` (a JSON schema, with units) and ``presets``, each ``title`` and ``settings``
  - check_config: ``settings``, complete, and with the network of the model that they start from
  - check_data: ``summary``, ``cases``, ``refusal`` (a sentence) and the ``written`` datalist, or null
  - new_run: ``run``; new_ablation: ``folder``
  - estimate: ``estimate``, the fields of `mstkd.training.estimate.Estimate`
  - finish_run: ``model``, ``rows``, ``facts``, ``page`` and ``curves``
  - save_configuration: ``files`` and the ``command`` that trains
- ``error``: ``message``, one sentence; the worker stays alive
- ``cancelled``: the answer to ``cancel``; the worker ends with exit code 0

``cancel`` stops the running request, and drops those that wait, at its next report of progress or
between two passes of the network; nothing is written then. One that comes too late finds the request
answered first. The end of the input means that the parent is gone, and stops everything likewise, so a
caller keeps the input open until it has its answer. Whatever else prints goes to standard error.
"""
