"""The networks that tools/compare-peers measures: how each is made, and how many times as fast as the best peer it is to be."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Network:
    title: str
    goals: dict  # by "float" and "int8"; what has no goal is not measured
    source: str = "torchvision"
    size: int = 224  # pixels per side

    def make(self, name):
        """The network with random weights."""
        if self.source == "unet":
            return unet()
        if self.source == "timm":
            import timm

            return timm.create_model(name, pretrained=False)
        import torchvision

        return getattr(torchvision.models, name)(weights=None)


def unet():
    """Three levels, batch normalisations, transposed convolutions; two classes for each pixel."""
    import torch
    from torch import nn

    def twice(before, after):
        layers = []
        for inputs in (before, after):
            layers += [nn.Conv2d(inputs, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        return nn.Sequential(*layers)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.ModuleList([twice(3, 16), twice(16, 32), twice(32, 64)])
            self.larger = nn.ModuleList([nn.ConvTranspose2d(64, 32, 2, 2), nn.ConvTranspose2d(32, 16, 2, 2)])
            self.up = nn.ModuleList([twice(64, 32), twice(32, 16)])
            self.last = nn.Conv2d(16, 2, 1)

        def forward(self, x):
            whole = self.down[0](x)
            half = self.down[1](torch.max_pool2d(whole, 2))
            y = self.down[2](torch.max_pool2d(half, 2))
            for larger, up, beside in zip(self.larger, self.up, (half, whole)):
                y = up(torch.cat([larger(y), beside], 1))
            return self.last(y)

    return UNet()


RESNETS = ["resnet18", "resnet34", "resnet50"]
NETWORKS = {
    "resnet18": Network("ResNet-18", {"float": 1.3, "int8": 1.35}),
    "resnet34": Network("ResNet-34", {"float": 1.3, "int8": 1.35}),
    "resnet50": Network("ResNet-50", {"float": 1.12, "int8": 1.15}),
    "mobilenet_v2": Network("MobileNetV2", {"float": 1.2, "int8": 1.2}),
    "mobilenet_v3_large": Network("MobileNetV3-Large", {"float": 1.2, "int8": 1.2}),
    "mobilenet_v3_small": Network("MobileNetV3-Small", {"float": 1.2}),
    "efficientnet_b0": Network("EfficientNet-B0", {"float": 1.25}),
    "efficientnet_lite0": Network("EfficientNet-Lite0", {"float": 1.2, "int8": 1.2}, "timm"),
    "lcnet_050": Network("LCNet 0.5", {"float": 1.2}, "timm"),
    "mobilenetv4_conv_small": Network("MobileNetV4-Conv-Small", {"float": 1.2}, "timm"),
    "ghostnet_100": Network("GhostNet", {"float": 1.2}, "timm"),
    "shufflenet_v2_x1_0": Network("ShuffleNetV2", {"float": 1.2}),
    "regnet_y_400mf": Network("RegNetY-400MF", {"float": 1.2, "int8": 1.2}),
    "resnext50_32x4d": Network("ResNeXt-50", {"float": 1.1, "int8": 1.2}),
    "densenet121": Network("DenseNet-121", {"float": 1.4, "int8": 1.2}),
    "squeezenet1_1": Network("SqueezeNet 1.1", {"float": 1.4}),
    "repvgg_a0": Network("RepVGG-A0", {"float": 1.4}, "timm"),
    "unet": Network("U-Net", {"float": 1.3, "int8": 1.2}, "unet", 256),
    "convnext_tiny": Network("ConvNeXt-Tiny", {"float": 1.1}),
    "deit_tiny_patch16_224": Network("DeiT-Tiny", {"float": 1.1}, "timm"),
    "alexnet": Network("AlexNet", {"float": 1.1}),
}
