"""The contrastive loss."""

from __future__ import annotations

from open_clip import ClipLoss
from torch import Tensor, arange
from torch.nn import functional


class MaskedClipLoss(ClipLoss):  # type: ignore[misc]  # open_clip has no types
    """``open_clip.ClipLoss`` that leaves out known false negatives.

    Symmetric InfoNCE (Radford et al. 2021). A batch of products is full of equal titles and of
    several photos of one product; none of these is a negative of another. Over several processes
    features are gathered, with their gradients, as ``ClipLoss`` does.
    """

    def forward(
        self, image: Tensor, text: Tensor, scale: Tensor, same: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss of this process's rows.

        Args:
            image: ``[n, d]``, L2-normalised.
            text: ``[n, d]``, L2-normalised.
            scale: Inverse temperature.
            same: ``[N, N] bool`` over the rows of all processes; true where row and column are the
                same thing and so no negatives.
        """
        by_image, by_text = self.get_logits(image, text, scale)
        target = self.get_ground_truth(image.device, len(by_image))
        if same is not None:
            first = self.rank * len(image)
            hidden = same[first : first + len(image)].clone()
            hidden[arange(len(image)), target] = False
            by_image = by_image.masked_fill(hidden, float("-inf"))
            by_text = by_text.masked_fill(hidden, float("-inf"))
        return (
            functional.cross_entropy(by_image, target) + functional.cross_entropy(by_text, target)
        ) / 2
