"""The runs of a folder: a table, what may be done with the selected one, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt

from MSTKDLib.Steps import Background
from MSTKDLib.Translation import _

from .Forms import loadForm
from .Glance import Glances
from .Monitor import RunMonitor
from .Plan import isThere
from .RunWords import pauseWords, progressText, stateText, stopWords, timeText
from .Starting import mayShare

HEADERS = (_("Run"), _("State"), _("Step"), _("Dice"), _("Started"))


class RunsView:
    """Lists the runs; the selected one is attached to the logic.

    Args:
        attempt: Does a piece of work; its refusal becomes the panel's message.
        onCompare: Called with names and curves of the checked runs.
    """

    def __init__(self, logic, dialogs, attempt: Callable, onCompare: Callable[[list], None]) -> None:
        self.widget, self._ui = loadForm("Runs")
        self._logic, self._dialogs, self._attempt, self._onCompare = logic, dialogs, attempt, onCompare
        self._glances = Glances()
        self._folders: list[Path] = []
        self._rows: list[tuple[str, ...]] = []
        self._checks: set[Path] = set()  # kept: asking fifty cells at each look takes its time
        self._comparing: Background | None = None
        self._compared: list[tuple[str, RunMonitor]] = []
        self._setUpTable()
        ui = self._ui
        ui.pauseRunButton.connect("clicked(bool)", lambda: attempt(self._pauseOrResume))
        ui.stopRunButton.connect("clicked(bool)", lambda: attempt(lambda: logic.stop(logic.monitor.folder)))
        ui.openRunButton.connect("clicked(bool)", lambda: self._openFolder())
        ui.chooseRunsButton.connect("clicked(bool)", lambda: attempt(self._chooseFolder))
        ui.compareRunsButton.connect("clicked(bool)", lambda: self._compare())
        self.refresh()

    def refresh(self) -> None:
        """Show the runs as the logic saw them last."""
        self._fillTable()
        self._showAttached()
        grown = [monitor for _name, monitor in self._compared if monitor.poll()]
        if grown:
            self._tellCompared()

    def close(self) -> None:
        """Read no more journals."""
        if self._comparing is not None:
            self._comparing.stop()
            self._comparing = None

    def _setUpTable(self) -> None:
        table = self._ui.runsTable
        table.setColumnCount(len(HEADERS))
        table.setHorizontalHeaderLabels(list(HEADERS))
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        table.connect("itemSelectionChanged()", self._onSelected)
        table.connect("itemChanged(QTableWidgetItem*)", lambda item: self._onChecked())

    def _listed(self) -> list:
        """All runs as seen last; the attached one is looked at more often than the list."""
        monitor = self._logic.monitor
        attached = {monitor.folder: monitor.run} if monitor is not None and monitor.run is not None else {}
        return [attached.get(run.folder, run) for run in self._logic.runs]

    def _fillTable(self) -> None:
        runs, table = self._listed(), self._ui.runsTable
        folders, rows = [run.folder for run in runs], [self._row(run) for run in runs]
        blocked = table.blockSignals(True)
        before = list(zip(self._folders, self._rows, strict=True))
        self._folders, self._rows = folders, rows
        if len(rows) != len(before):
            table.setRowCount(len(rows))
        for number, row in enumerate(zip(folders, rows, strict=True)):
            if before[number : number + 1] != [row]:  # only what changed: this is done each second
                for column, text in enumerate(row[1]):
                    table.setItem(number, column, self._item(text, column, row[0] in self._checks))
        monitor = self._logic.monitor
        attached = folders.index(monitor.folder) if monitor is not None and monitor.folder in folders else -1
        if attached != table.currentRow():
            table.clearSelection()
            table.setCurrentCell(attached, 0)
        table.blockSignals(blocked)
        folder = self._logic.runsFolder
        told = _("Runs in {folder}") if isThere(folder) else _("{folder} is not there; the first run makes it.")
        self._ui.runsFolderLabel.text = told.format(folder=folder)

    @staticmethod
    def _item(text: str, column: int, checked: bool):
        item = qt.QTableWidgetItem(text)
        item.setToolTip(text)
        if column == 0:
            item.setFlags(item.flags() | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Checked if checked else qt.Qt.Unchecked)
        elif column > 1:
            item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        return item

    def _row(self, run) -> tuple[str, ...]:
        glance = self._glances.of(run.folder)
        return (
            run.name,
            self._state(run),
            f"{run.step:,} / {run.steps:,}" if run.steps else "",
            f"{100 * glance.score:.1f} %" if glance.score is not None else "",
            timeText(glance.started) if glance.started is not None else "",
        )

    def _state(self, run) -> str:
        starting = self._logic.isStarting(run.folder)
        return stateText(run, starting=starting, asked=_asked(run, starting))

    def _showAttached(self) -> None:
        ui, monitor = self._ui, self._logic.monitor
        run = monitor.run if monitor is not None else None
        ui.stageLabel.text = self._stage(run)
        ui.stageLabel.visible = bool(ui.stageLabel.text)
        ui.runBar.visible = run is not None and run.steps > 0
        if run is not None and run.steps:
            ui.runBar.setRange(0, run.steps)
            ui.runBar.value = run.step
        problem = self._logic.problem(run) if run is not None else ""
        ui.runProblemLabel.text, ui.runProblemLabel.visible = problem, bool(problem)
        self._showButtons()

    def _stage(self, run) -> str:
        """How far the attached run is; without one, whose run is to come."""
        if run is not None:
            isAtWork = run.state.value in ("preparing", "running") and not _asked(run)
            state = "" if isAtWork and run.text else self._state(run)  # its text says more
            told = [state, progressText(run, self._logic.monitor.curves)]
            return _("{name}: {told}").format(name=run.name, told=", ".join(filter(None, told)))
        names = [folder.name for folder in self._logic.silent]
        return _("{names}: its next run is being prepared.").format(names=", ".join(names)) if names else ""

    def _showButtons(self) -> None:
        ui, monitor = self._ui, self._logic.monitor
        run = monitor.run if monitor is not None else None
        starting = run is not None and self._logic.isStarting(run.folder)
        asked = _asked(run, starting) if run is not None else ""
        text, tip = pauseWords(run, asked)
        ui.pauseRunButton.text, ui.pauseRunButton.toolTip = text, tip
        ui.pauseRunButton.enabled = (
            run is not None and not starting and asked != "stop" and run.state.value != "finished"
        )
        ui.stopRunButton.enabled = run is not None and (run.state.alive or starting) and asked != "stop"
        ui.stopRunButton.toolTip = stopWords(run, starting, asked)
        ui.openRunButton.enabled = run is not None
        ui.compareRunsButton.enabled = bool(self._checked()) and self._comparing is None

    def _checked(self) -> list[Path]:
        return [folder for folder in self._folders if folder in self._checks]

    def _onChecked(self) -> None:
        cells = [self._ui.runsTable.item(number, 0) for number in range(len(self._folders))]
        pairs = zip(self._folders, cells, strict=True)
        self._checks = {folder for folder, cell in pairs if cell.checkState() == qt.Qt.Checked}
        if not self._checks:
            self._endComparison()
        self._showButtons()

    def _endComparison(self) -> None:
        self.close()
        if self._compared:
            self._compared = []
            self._tellCompared()

    def _onSelected(self) -> None:
        number, monitor = self._ui.runsTable.currentRow(), self._logic.monitor
        if 0 <= number < len(self._folders) and (monitor is None or monitor.folder != self._folders[number]):
            self._attempt(lambda: self._logic.attach(self._folders[number]))

    def _pauseOrResume(self) -> None:
        logic, run = self._logic, self._logic.monitor.run
        if run.state.alive and run.state.value != "paused" and not _asked(run):
            logic.pause(run.folder)
        elif run.state.alive:
            logic.resume(run.folder)
        elif (share := mayShare(logic, self._dialogs, run=run.folder)) is not None:
            logic.resume(run.folder, share)

    def _openFolder(self) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._logic.monitor.folder)))

    def _chooseFolder(self) -> None:
        folder = self._dialogs.folder(_("Folder of the runs"))
        if folder:
            self._logic.attach(None)
            self._logic.runsFolder = Path(folder)

    def _compare(self) -> None:
        folders = self._checked()
        names = {run.folder: run.name for run in self._logic.runs}
        monitors = [(names[folder], RunMonitor(folder)) for folder in folders]
        self._comparing = Background(_readAll(monitors), self._onRead)
        self._showButtons()

    def _onRead(self, compared: list | None, error: Exception | None) -> None:
        self._comparing = None
        self._showButtons()
        if error is not None:  # none is expected: a journal that cannot be read has no events
            raise error
        self._compared = compared
        self._tellCompared()

    def _tellCompared(self) -> None:
        self._onCompare([(name, monitor.curves) for name, monitor in self._compared])


def _readAll(monitors: list):
    """Read whole journals, step by step."""
    for _name, monitor in monitors:
        monitor.poll()
        while monitor.behind:
            yield
            monitor.poll()
    return monitors


def _asked(run, starting: bool = False) -> str:
    """What a trainer that lives or starts was asked for and has not done yet."""
    from mstkd.runs.layout import PAUSE, STOP

    if not (run.state.alive or starting):
        return ""
    if (run.folder / STOP).exists():
        return "stop"
    return "pause" if run.state.value != "paused" and (run.folder / PAUSE).exists() else ""
