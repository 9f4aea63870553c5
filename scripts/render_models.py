"""Render packaged OBJ models to square product pictures (for build_demo.py, not the studio).

``python scripts/render_models.py jobs.jsonl`` in an interpreter that has ``vtk==9.7.2``, ``numpy``
and ``pillow``; the studio itself needs no vtk. It draws off screen, and in software where there is
no graphics card. Each line of the job file is one model: ``{"obj": path, "out": path.png,
"size": [w, d, h] in cm, "rotation": 9 numbers or [], "view": "" or "top"}``. Pictures already there
are skipped: a stopped run goes on where it was.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  (registers the renderer)
from PIL import Image
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals, vtkTriangleFilter
from vtkmodules.vtkIOImage import vtkPNGWriter
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkLight,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkTexture,
    vtkWindowToImageFilter,
)
from wavefront import Material, Mesh, Part, read_obj

PIXELS = 896  # drawn at twice the size that is kept: the smoothing happens on shrinking
YAW, PITCH = 28.0, 17.0  # degrees to the right of and above the model's front
STEEPEST = 44.0  # pitch for what lies flat on a table
HALF_ANGLE = 9.0  # of the lens, in degrees: a long one, little distortion
FILL = 0.9  # share of the picture's side that the model takes
OCCLUSION_SAMPLES = 24
AMBIENT, DIFFUSE = 0.55, 0.70  # of a colour; lit from the front they add up to about 1
SHARP_EDGE = 40.0  # degrees: flatter edges of models without normals are drawn round


def render(job: dict[str, Any]) -> None:
    """Draw one model into its ``out`` file.

    Raises:
        ValueError: The model holds no triangle.
    """
    window, renderer = vtkRenderWindow(), vtkRenderer()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetAlphaBitPlanes(1)
    window.SetSize(PIXELS, PIXELS)
    window.AddRenderer(renderer)
    mesh = read_obj(Path(job["obj"]))
    if not mesh.parts:
        raise ValueError("no triangles")
    points, normals = place(mesh, job["size"], job["rotation"])
    for part in mesh.parts:
        renderer.AddActor(draw(part, points, normals, mesh.textures))
    used = sorted({c[0] for part in mesh.parts for polygon in part.polygons for c in polygon})
    points = points[used]
    reach = float(np.linalg.norm(points.max(axis=0) - points.min(axis=0)))
    if job["view"] == "top":  # clothes laid out
        look(renderer, points, 0.0, 85.0)
    else:
        look(renderer, points, YAW, pitch_for(job["size"]))
    light(renderer)
    renderer.SetBackground(1, 1, 1)
    renderer.SetUseDepthPeeling(True)
    renderer.SetMaximumNumberOfPeels(8)
    renderer.SetUseSSAO(True)
    renderer.SetSSAORadius(0.12 * reach)
    renderer.SetSSAOBias(0.004 * reach)
    renderer.SetSSAOKernelSize(OCCLUSION_SAMPLES)
    renderer.SetSSAOBlur(True)
    window.Render()
    grab, writer = vtkWindowToImageFilter(), vtkPNGWriter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    target = Path(job["out"])
    unfinished = target.with_suffix(".part")
    writer.SetFileName(str(unfinished))
    writer.SetInputConnection(grab.GetOutputPort())
    writer.Write()
    unfinished.replace(target)
    window.Finalize()


def place(mesh: Mesh, size: list[float], rotation: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Turn the model as its catalogue says and scale it to `size` (width, depth, height).

    Returns:
        Points and unit normals as drawn, ``[n, 3]`` and ``[m, 3]``, y up, front towards positive z.
    """
    turn = np.array(rotation, dtype=np.float64).reshape(3, 3) if rotation else np.eye(3)
    points = mesh.places @ turn.T
    extent = np.maximum(points.max(axis=0) - points.min(axis=0), 1e-9)
    scale = np.array([size[0], size[2], size[1]]) / extent
    normals = (mesh.normals @ turn.T) / scale
    return points * scale, normals / np.maximum(
        np.linalg.norm(normals, axis=1, keepdims=True), 1e-9
    )


def draw(part: Part, points: np.ndarray, normals: np.ndarray, textures: np.ndarray) -> vtkActor:
    """Prepare one material's polygons to be lit."""
    corners = np.array([c for polygon in part.polygons for c in polygon])
    kept, indices = np.unique(corners, axis=0, return_inverse=True)
    lengths = [len(polygon) for polygon in part.polygons]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    cells = vtkCellArray()
    cells.SetData(
        numpy_to_vtkIdTypeArray(offsets, deep=True),
        numpy_to_vtkIdTypeArray(indices.ravel().astype(np.int64), deep=True),
    )
    data = vtkPolyData()
    data.SetPoints(_points(points[kept[:, 0]]))
    data.SetPolys(cells)
    if len(textures) and (kept[:, 1] >= 0).any():  # -1, none, gets some colour of the texture
        data.GetPointData().SetTCoords(numpy_to_vtk(textures[kept[:, 1]], deep=True))
    if len(normals) and (kept[:, 2] >= 0).all():
        data.GetPointData().SetNormals(numpy_to_vtk(normals[kept[:, 2]], deep=True))
    whole = vtkTriangleFilter()  # cuts polygons with dents rightly
    whole.SetInputData(data)
    whole.Update()
    data = whole.GetOutput()
    if data.GetPointData().GetNormals() is None:
        smooth = vtkPolyDataNormals()
        smooth.SetInputData(data)
        smooth.SetFeatureAngle(SHARP_EDGE)
        smooth.Update()
        data = smooth.GetOutput()
    mapper, actor = vtkPolyDataMapper(), vtkActor()
    mapper.SetInputData(data)
    actor.SetMapper(mapper)
    paint(actor, part.material, data.GetPointData().GetTCoords() is not None)
    return actor


def _points(rows: np.ndarray) -> vtkPoints:
    points = vtkPoints()
    points.SetData(numpy_to_vtk(rows, deep=True))
    return points


def paint(actor: vtkActor, material: Material, has_places: bool) -> None:
    """Even light on the packaged colours and textures."""
    surface = actor.GetProperty()
    textured = material.texture is not None and has_places
    surface.SetColor(*((1.0, 1.0, 1.0) if textured else material.colour))
    surface.SetOpacity(material.opacity)
    surface.SetAmbient(AMBIENT)
    surface.SetDiffuse(DIFFUSE)
    surface.SetSpecular(0.25 * min(1.0, material.gloss))
    surface.SetSpecularColor(1, 1, 1)
    surface.SetSpecularPower(18)
    surface.SetInterpolationToPhong()
    if material.texture is not None and has_places:
        with Image.open(material.texture) as picture:
            clear = "A" in picture.getbands() or "transparency" in picture.info
            pixels = np.asarray(picture.convert("RGBA" if clear else "RGB"))
        actor.SetTexture(_texture(pixels))
        if clear and pixels[..., 3].min() < 250:
            actor.ForceTranslucentOn()


def _texture(pixels: np.ndarray) -> vtkTexture:
    height, width, channels = pixels.shape
    image, texture = vtkImageData(), vtkTexture()
    image.SetDimensions(width, height, 1)
    rows = np.ascontiguousarray(pixels[::-1]).reshape(-1, channels)  # the lowest row comes first
    image.GetPointData().SetScalars(numpy_to_vtk(rows, deep=True))
    texture.SetInputData(image)
    texture.InterpolateOn()
    texture.MipmapOn()
    texture.RepeatOn()
    return texture


def pitch_for(size: list[float]) -> float:
    """Degrees from above, more for a flat thing; `size` is width, depth, height."""
    flatness = max(0.0, 1.0 - size[2] / max(size[0], size[1]) / 0.4)
    depth = min(
        1.0, size[1] / size[0] / 0.3
    )  # a thin thing that stands or hangs is seen from the front
    return PITCH + (STEEPEST - PITCH) * flatness * depth


def look(renderer: vtkRenderer, points: np.ndarray, yaw: float, pitch: float) -> None:
    """Aim the camera so that the model fills the picture."""
    yaw, pitch = math.radians(yaw), math.radians(pitch)
    back = np.array(
        [math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)]
    )
    right = np.array([math.cos(yaw), 0.0, -math.sin(yaw)])
    axes = np.stack([right, np.cross(back, right), back])
    seen = points @ axes.T  # columns: right, up, towards the camera
    slope = math.tan(math.radians(HALF_ANGLE)) * FILL
    centre = (seen[:, :2].min(axis=0) + seen[:, :2].max(axis=0)) / 2
    for _ in range(4):  # centre what is seen, having stepped back until every point is inside
        away = (seen[:, 2] + np.abs(seen[:, :2] - centre).max(axis=1) / slope).max()
        flat = (seen[:, :2] - centre) / (away - seen[:, 2:])
        centre = centre + (flat.min(axis=0) + flat.max(axis=0)) / 2 * (away - seen[:, 2].max())
    away = (seen[:, 2] + np.abs(seen[:, :2] - centre).max(axis=1) / slope).max()
    camera = renderer.GetActiveCamera()
    camera.SetViewAngle(2 * HALF_ANGLE)
    camera.SetViewUp(0, 1, 0)
    camera.SetPosition(*(axes.T @ np.array([*centre, away])))
    camera.SetFocalPoint(*(axes.T @ np.array([*centre, seen[:, 2].mean()])))
    camera.SetClippingRange((away - seen[:, 2].max()) * 0.9, (away - seen[:, 2].min()) * 1.1)


def light(renderer: vtkRenderer) -> None:
    """Add a key light from the upper left of the camera and a weak fill from the right."""
    renderer.RemoveAllLights()
    renderer.SetAutomaticLightCreation(False)
    for position, strength in (((-0.7, 1.0, 1.0), 0.85), ((1.0, 0.25, 0.8), 0.3)):
        lamp = vtkLight()
        lamp.SetLightTypeToCameraLight()
        lamp.SetPosition(*position)
        lamp.SetFocalPoint(0, 0, 0)
        lamp.SetIntensity(strength)
        renderer.AddLight(lamp)
    renderer.SetAmbient(1, 1, 1)


def main(job_file: str) -> None:
    """Draw every model of the job file that has no picture yet."""
    for line in Path(job_file).read_text(encoding="utf-8").splitlines():
        job = json.loads(line)
        if not Path(job["out"]).exists():
            try:
                render(job)
            except ValueError as error:
                print(f"not rendered: {job['obj']}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
