"""A Transformer encoder for sentence pairs: BERT's (Devlin et al. 2019), from scratch, of any width."""

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from transformers import BertConfig, BertModel

from overparam.config.architectures import POSITIONS
from overparam.data.sentences import LENGTH, PADDING, token_types
from overparam.networks.layers import Network

LAYERS = 2
HEAD = 16  # features of an attention head, as long as the network has so many
FEED_FORWARD = 4  # its width in multiples of the network's


class Transformer(Network):
    """``members`` encoders side by side; ``width`` features at every position, ``channels`` tokens in the vocabulary.

    Narrower networks have fewer heads of the same size; below 16 features a single head, as wide as the network.
    BERT's embedding of the sentence that a token is in also says whether the other sentence has that token too: in
    30,000 pairs networks do not learn by themselves to look for it.
    Features are the last hidden state averaged over a pair's tokens, as image features are over positions; BERT's own
    pooler would be one more layer and see the first token alone. There is no dropout. With one member ``encoder`` has
    the names and outputs of ``transformers.BertModel``.
    """

    title = "The Transformer"
    unit = POSITIONS

    def __init__(self, members: int, width: int, channels: int, classes: int) -> None:
        super().__init__(members, width, classes)
        config = BertConfig(
            vocab_size=channels,
            hidden_size=width,
            num_hidden_layers=LAYERS,
            num_attention_heads=max(1, width // HEAD),
            intermediate_size=FEED_FORWARD * width,
            type_vocab_size=4,
            max_position_embeddings=LENGTH,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        config._attn_implementation = "eager"  # plain matrix products, which vmap can batch
        with torch.device("meta"):  # where nothing is drawn from the global generator
            self.encoder = BertModel(config, add_pooling_layer=False)
        self.encoder.to_empty(device="cpu")
        for module in self.encoder.modules():
            for name, parameter in module.named_parameters(recurse=False):
                setattr(module, name, nn.Parameter(torch.empty(members * parameter.shape[0], *parameter.shape[1:])))

    def features(self, inputs: Tensor) -> Tensor:
        """The last hidden state, averaged over the tokens of each pair: (members, batch, features).

        Args:
            inputs: (members, batch, length) token ids, padded at the end.
        """
        states = {name: value.unflatten(0, (self.members, -1)) for name, value in self.encoder.named_parameters()}
        return vmap(self._encode)(states, inputs)

    def _encode(self, state: dict[str, Tensor], tokens: Tensor) -> Tensor:
        """Features (batch, features) of one member with the parameters ``state``, from token ids (batch, length)."""
        batch, length = tokens.shape
        real = tokens != PADDING
        # A large negative score keeps attention from padding; with these four axes BERT takes it as it is.
        scores = torch.zeros(real.shape, device=tokens.device).masked_fill(~real, torch.finfo(torch.float32).min)
        arguments = {
            "input_ids": tokens,
            "attention_mask": scores[:, None, None, :].expand(batch, 1, length, length),
            "token_type_ids": token_types(tokens),
            "position_ids": torch.arange(length, device=tokens.device).expand(batch, length),
        }
        hidden = functional_call(self.encoder, state, (), arguments).last_hidden_state  # (batch, length, features)
        weights = real[..., None].to(hidden.dtype)
        return (hidden * weights).sum(1) / weights.sum(1)
