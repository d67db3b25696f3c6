print("giemsa")
